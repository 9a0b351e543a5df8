/// What a state of the database is told from others by.
struct SQLiteState {
    private let connection: SQLiteConnection

    init(_ connection: SQLiteConnection) {
        self.connection = connection
    }

    /// What names the state that this transaction sees.
    ///
    /// - Parameter header: The header of the index in this state.
    func mark(_ header: WALIndex.Header) throws(StoreError) -> StoredKeys.Mark {
        StoredKeys.Mark(
            header: header, lastRow: try lastRow(), tidyCommits: try tidyCommits())
    }

    /// The number of the last row; 0 when there is none.
    func lastRow() throws(StoreError) -> Int64 {
        try connection.number("SELECT max(id) FROM entry") ?? 0
    }

    /// The count of tidy commits; see ``StoredKeys``.
    func tidyCommits() throws(StoreError) -> UInt32 {
        UInt32(truncatingIfNeeded: try connection.number("PRAGMA user_version") ?? 0)
    }

    /// Sets the count of tidy commits.
    func setTidyCommits(_ count: UInt32) throws(StoreError) {
        try connection.execute("PRAGMA user_version = \(Int32(bitPattern: count))")
    }
}
