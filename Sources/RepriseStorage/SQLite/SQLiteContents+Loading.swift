import GRDB
import GRDBSQLite
import NIOCore
import RepriseCore

extension SQLiteContents {
    /// What stands under a key.
    enum Found {
        /// Nothing that may still be used.
        case nothing
        /// An entry's text, and when it was last used as far as the table knows.
        case entry(ByteBuffer, lastUsed: Int64)
        /// An entry that is longer than was asked for.
        case longerEntry

        /// The text that was read.
        var text: ByteBuffer? {
            guard case .entry(let text, _) = self else { return nil }
            return text
        }
    }

    /// Looks an entry up.
    ///
    /// Through SQLite's own interface (https://www.sqlite.org/c3ref/stmt.html): GRDB's arguments,
    /// cursor and row take as long as the look-up.
    ///
    /// - Parameter limit: The length in bytes from which a text is not read.
    static func load(
        _ key: CacheKey, below limit: Int64, now: Int64, _ db: Database
    ) throws -> Found {
        let statement = try db.cachedStatement(
            sql: """
                SELECT last_used, CASE WHEN size < ?3 THEN text END FROM entry
                WHERE key = ?1 AND (retained_until IS NULL OR retained_until > ?2)
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
                sqlite3_bind_int64(statement, 2, now) == SQLITE_OK,
                sqlite3_bind_int64(statement, 3, limit) == SQLITE_OK
            else { throw db.lastError }
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                guard sqlite3_column_type(statement, 1) != SQLITE_NULL else { return .longerEntry }
                let bytes = UnsafeRawBufferPointer(
                    start: sqlite3_column_blob(statement, 1),
                    count: Int(sqlite3_column_bytes(statement, 1)))
                return .entry(
                    ByteBuffer(bytes: bytes), lastUsed: sqlite3_column_int64(statement, 0))
            case SQLITE_DONE: return .nothing
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
