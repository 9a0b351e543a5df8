internal import CSQLite

/// A value that a statement is run with.
enum SQLiteValue {
    case null
    case integer(Int64)
    case blob([UInt8])

    /// A blob, or NULL.
    init(_ bytes: [UInt8]?) {
        self = bytes.map { .blob($0) } ?? .null
    }

    /// An integer, or NULL.
    init(_ number: Int64?) {
        self = number.map { .integer($0) } ?? .null
    }
}

/// A statement of a ``SQLiteConnection``, which outlives it.
struct SQLiteStatement {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    /// Runs the statement, and resets it however that ends: one that is left on a row is an open
    /// transaction.
    ///
    /// - Parameter row: Gets each row; false ends the statement.
    /// - Returns: SQLite's result: `SQLITE_DONE`, `SQLITE_ROW` if `row` ended it, or an error.
    func run(_ values: [SQLiteValue], row: (SQLiteRow) -> Bool) -> Int32 {
        defer {
            sqlite3_reset(handle)
            if !values.isEmpty { sqlite3_clear_bindings(handle) }
        }
        for (position, value) in values.enumerated() {
            let code = bind(value, at: Int32(position + 1))
            guard code == SQLITE_OK else { return code }
        }
        while true {
            let code = sqlite3_step(handle)
            guard code == SQLITE_ROW, row(SQLiteRow(handle)) else { return code }
        }
    }

    /// Lets the statement go. It must not be used any more.
    func finish() {
        sqlite3_finalize(handle)
    }

    private func bind(_ value: SQLiteValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .blob(let bytes):
            // A null pointer would bind NULL.
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(
                    handle, index, $0.baseAddress, UInt64($0.count), reprise_sqlite3_transient())
            }
        }
    }
}

/// One row of a statement, while the statement stands on it.
struct SQLiteRow {
    private let handle: OpaquePointer

    fileprivate init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    /// The integer in a column; nil for NULL.
    func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL
            ? nil : sqlite3_column_int64(handle, column)
    }

    /// Whether a column holds this text.
    func text(_ column: Int32, equals text: StaticString) -> Bool {
        withBytes(column) { bytes in
            guard bytes.count == text.utf8CodeUnitCount else { return false }
            for index in bytes.indices where bytes[index] != text.utf8Start[index] { return false }
            return true
        }
    }

    /// The bytes of a blob or a text, copied.
    func bytes(_ column: Int32) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    /// Lends the bytes of a blob or a text.
    func withBytes<Result>(_ column: Int32, _ body: (Span<UInt8>) -> Result) -> Result {
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        let bytes = UnsafeBufferPointer(
            start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
        return body(bytes.span)
    }
}
