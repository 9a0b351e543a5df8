/// The tables of a ``SQLiteStore``, version 1.
///
/// The text stands last in its row: a row longer than a page goes on in overflow pages, and what
/// stands before the text is read without visiting them. For the same reason `entry` has a row
/// number and a separate index of keys, rather than its rows in the leaves of that index
/// (`WITHOUT ROWID`), and the index by use carries the size, so that eviction reads no row.
///
/// `user_version` counts tidy commits; see ``StoredKeys``. Earlier builds leave it alone.
enum SQLiteSchema {
    /// Marks a database file as ours (`PRAGMA application_id`): "RPRS" in ASCII.
    static let applicationID: Int64 = 0x5250_5253

    /// Makes the tables in an empty database.
    ///
    /// The version stands where the library that earlier builds used has put it.
    static let creation = """
        CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL,
            last_used INTEGER NOT NULL,
            retained_until INTEGER,
            size INTEGER NOT NULL,
            model BLOB,
            namespace BLOB,
            credential BLOB NOT NULL,
            upstream BLOB NOT NULL,
            text BLOB NOT NULL
        );
        CREATE UNIQUE INDEX entry_by_key ON entry (key);
        CREATE INDEX entry_by_use ON entry (last_used, size);
        CREATE INDEX entry_by_retention ON entry (retained_until)
            WHERE retained_until IS NOT NULL;
        CREATE TABLE entry_tag (
            tag BLOB NOT NULL,
            entry INTEGER NOT NULL,
            PRIMARY KEY (tag, entry)
        ) WITHOUT ROWID;
        CREATE INDEX entry_tag_by_entry ON entry_tag (entry);
        CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
            DELETE FROM entry_tag WHERE entry = old.id;
        END;
        PRAGMA application_id = \(applicationID);
        INSERT INTO grdb_migrations (identifier) VALUES ('1');
        """

    /// Brings a database to this version.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` for a newer version.
    static func migrate(_ connection: SQLiteConnection, path: String) throws(StoreError) {
        guard try !isCurrent(connection, path: path) else { return }
        try connection.transaction { () throws(StoreError) in
            // Another process may have done it meanwhile.
            guard try !isCurrent(connection, path: path) else { return }
            try connection.execute(creation)
        }
    }

    /// Keeps us from filling another program's database, before anything in it is changed.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` for such a database.
    static func refuseForeign(_ connection: SQLiteConnection, path: String) throws(StoreError) {
        let identifier = try connection.number("PRAGMA application_id")
        guard identifier != applicationID else { return }
        let tables = try connection.number(
            """
            SELECT count(*) FROM sqlite_master
            WHERE name NOT LIKE 'grdb%' AND name NOT LIKE 'sqlite%'
            """)
        if identifier != 0 || tables != 0 {
            throw .incompatible(
                "\(path): another program's database; name another file with --store")
        }
    }

    private static func isCurrent(
        _ connection: SQLiteConnection, path: String
    ) throws(StoreError) -> Bool {
        guard
            try connection.number(
                "SELECT count(*) FROM sqlite_master WHERE name = 'grdb_migrations'") != 0
        else { return false }
        var (isCurrent, isNewer) = (false, false)
        try connection.run("SELECT identifier FROM grdb_migrations") { row in
            if row.text(0, equals: "1") { isCurrent = true } else { isNewer = true }
            return true
        }
        guard !isNewer else {
            throw .incompatible(
                "\(path): written by a newer version of reprise; update reprise, or name "
                    + "another file with --store")
        }
        return isCurrent
    }
}
