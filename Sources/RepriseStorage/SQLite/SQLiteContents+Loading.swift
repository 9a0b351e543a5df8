import GRDB
import GRDBSQLite
import NIOCore
import RepriseCore

extension SQLiteContents {
    /// An entry's text, and when it was last used as far as the table knows.
    ///
    /// Through SQLite's own interface (https://www.sqlite.org/c3ref/stmt.html): GRDB's arguments,
    /// cursor and row take as long as the look-up.
    static func load(
        _ key: CacheKey, now: Int64, _ db: Database
    ) throws -> (text: ByteBuffer, lastUsed: Int64)? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT last_used, text FROM entry
                WHERE key = ? AND (retained_until IS NULL OR retained_until > ?)
                """
        ).sqliteStatement
        return try key.bytes.withUnsafeBytes { key in
            // Bound with a null destructor, so not copied: the bytes last longer than the binding.
            defer {
                sqlite3_reset(statement)
                sqlite3_clear_bindings(statement)
            }
            guard
                sqlite3_bind_blob(statement, 1, key.baseAddress, CInt(key.count), nil) == SQLITE_OK,
                sqlite3_bind_int64(statement, 2, now) == SQLITE_OK
            else { throw db.lastError }
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                let bytes = UnsafeRawBufferPointer(
                    start: sqlite3_column_blob(statement, 1),
                    count: Int(sqlite3_column_bytes(statement, 1)))
                return (ByteBuffer(bytes: bytes), sqlite3_column_int64(statement, 0))
            case SQLITE_DONE: return nil
            default: throw db.lastError
            }
        }
    }
}

extension Database {
    /// What went wrong in the call before.
    fileprivate var lastError: DatabaseError {
        DatabaseError(
            resultCode: .init(rawValue: sqlite3_extended_errcode(sqliteConnection)),
            message: lastErrorMessage)
    }
}
