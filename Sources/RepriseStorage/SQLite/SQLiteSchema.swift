import GRDB

/// The tables of a ``SQLiteStore``, by version.
enum SQLiteSchema {
    /// Marks a database file as ours (`PRAGMA application_id`): "RPRS" in ASCII.
    static let applicationID: Int32 = 0x5250_5253

    /// Brings a database to the newest version.
    ///
    /// The text stands last in its row: a row longer than a page goes on in overflow pages, and what
    /// stands before the text is read without visiting them. For the same reason `entry` has a row
    /// number and a separate index of keys, rather than its rows in the leaves of that index
    /// (`WITHOUT ROWID`), and the index by use carries the size, so that eviction reads no row.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", foreignKeyChecks: .immediate) { db in
            try db.execute(
                sql: """
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
                    """)
        }
        return migrator
    }
}
