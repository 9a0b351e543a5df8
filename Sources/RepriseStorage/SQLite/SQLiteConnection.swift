internal import CSQLite

/// A connection to a SQLite database: what the C interface offers, as far as the store needs it.
///
/// Used by one thread at a time. It never checkpoints by itself, neither after a commit nor when it is
/// closed: see ``SQLiteWriter``.
final class SQLiteConnection {
    /// What a connection may do.
    enum Access {
        case reading, writing
    }

    private let handle: OpaquePointer
    private var statements: [UInt: SQLiteStatement] = [:]

    /// How long SQLite waits for a lock that another process holds, in milliseconds: as long as
    /// the patience with a write leaves room for one retry.
    private static let busyTimeout: Int32 = 3000
    /// The page cache in KiB: all inner nodes of a million entries.
    private static let cacheSize = 8192

    /// Opens a file that exists.
    init(path: String, for access: Access) throws(StoreError) {
        guard !path.utf8.contains(0) else {
            throw .unavailable("the path of the database has a NUL in it")
        }
        var opened: OpaquePointer?
        let flags = access == .reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let code = sqlite3_open_v2(
            path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard let opened else { throw .unavailable("SQLite has no memory for a connection") }
        handle = opened
        guard code == SQLITE_OK else {
            let error = Self.error(code, of: opened)
            sqlite3_close_v2(opened)
            throw error
        }
        sqlite3_busy_timeout(opened, Self.busyTimeout)
        sqlite3_wal_autocheckpoint(opened, 0)
        // What stands in the file may have been written by others: it may not do more than data can.
        _ = reprise_sqlite3_db_config_int(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        _ = reprise_sqlite3_db_config_int(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        _ = reprise_sqlite3_db_config_int(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    }

    deinit {
        for statement in statements.values { statement.finish() }
        sqlite3_close_v2(handle)
    }

    /// Sets what a connection is tuned by. Kept apart from opening, for it reads the file.
    func tune() throws(StoreError) {
        try execute("PRAGMA cache_size = -\(Self.cacheSize); PRAGMA temp_store = MEMORY;")
    }

    // MARK: - Statements

    /// Runs statements that give no rows, or whose rows do not matter.
    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// Runs one statement, which is kept for the next time.
    ///
    /// - Parameter row: Gets each row; false ends the statement.
    func run(
        _ sql: StaticString, _ values: [SQLiteValue] = [], row: (SQLiteRow) -> Bool = { _ in true }
    ) throws(StoreError) {
        let statement = try statement(sql)
        let code = statement.run(values, row: row)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw error(code) }
    }

    /// The number in the first column of the first row; nil when there is none.
    func number(_ sql: StaticString, _ values: [SQLiteValue] = []) throws(StoreError) -> Int64? {
        var number: Int64?
        try run(sql, values) { row in
            number = row.integer(0)
            return false
        }
        return number
    }

    private func statement(_ sql: StaticString) throws(StoreError) -> SQLiteStatement {
        // A literal has one address, so nothing is compared.
        let place = UInt(bitPattern: sql.utf8Start)
        if let statement = statements[place] { return statement }
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle, UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self),
            Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw error(code) }
        let statement = SQLiteStatement(prepared)
        statements[place] = statement
        return statement
    }

    // MARK: - Transactions

    /// Runs `body` under the write lock, and commits unless it throws.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try run("BEGIN IMMEDIATE")
        do throws(StoreError) {
            try body()
            try run("COMMIT")
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends a transaction without what was done in it. Some errors have ended it already.
    func rollBack() {
        guard sqlite3_get_autocommit(handle) == 0 else { return }
        // If this fails too, the next statement says so.
        try? run("ROLLBACK")
    }

    /// How many rows have been changed through this connection.
    var changes: Int64 { sqlite3_total_changes64(handle) }

    /// The number of the row that was inserted last.
    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    // MARK: - The file

    /// Whether the file that is open is not any more the one at its path.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    /// The index of the write-ahead log; nil before anything has been read.
    var walIndex: WALIndex? { WALIndex(region: reprise_sqlite3_wal_index(handle)) }

    /// Copies what the write-ahead log holds to the database, as far as readers allow.
    func checkpoint() throws(StoreError) {
        let code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    // MARK: - Errors

    private func error(_ code: Int32) -> StoreError { Self.error(code, of: handle) }

    /// Says what an error of SQLite means for the store. Its messages quote no stored value.
    private static func error(_ code: Int32, of handle: OpaquePointer) -> StoreError {
        let reason = "SQLite \(code): \(String(cString: sqlite3_errmsg(handle)))"
        return switch code & 0xFF {
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt(reason)
        case SQLITE_BUSY, SQLITE_LOCKED: .timedOut
        default: .unavailable(reason)
        }
    }
}
