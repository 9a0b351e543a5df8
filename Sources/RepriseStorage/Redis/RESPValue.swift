/// One reply of a Redis server, of version 2 or 3 of its protocol.
///
/// Types that differ only in what they mean are one case here: a map is an array of names and
/// values in turn, a set is an array, a boolean is 0 or 1, a double and a big number are text.
enum RESPValue: Equatable, Sendable {
    /// Nothing: `_`, or in version 2 `$-1` and `*-1`.
    case null
    /// A short text: `+`, `,` or `(`.
    case simple([UInt8])
    /// Any bytes: `$` or `=`.
    case bulk([UInt8])
    /// A number: `:` or `#`.
    case integer(Int64)
    /// An error: `-` or `!`.
    case error(RedisFailure)
    /// Several values: `*`, `~` or `%`.
    case array([RESPValue])

    /// The text of a simple or a bulk string, if it is UTF-8.
    var text: String? {
        switch self {
        case .simple(let bytes), .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        case .null, .integer, .error, .array: nil
        }
    }

    /// The number, also when it is written as text.
    var number: Int64? {
        if case .integer(let number) = self { return number }
        return text.flatMap { Int64($0) }
    }
}

/// What arrived is not the protocol of Redis, or exceeds a bound; the text says what.
struct RESPError: Error, Equatable {
    /// Words without any of the received bytes.
    let reason: String
}
