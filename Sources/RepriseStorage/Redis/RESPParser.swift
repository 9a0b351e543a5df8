internal import RepriseCore

/// Takes the protocol of Redis apart as it arrives (RESP3 specification, redis/redis-specifications;
/// RESP2 is a part of it).
///
///     line ──$ ! =──▶ content ──all of it, CR LF──▶ line
///      │ ▲
///      └─┘ + - : , ( _ #: a value    * ~ % > |: opens a frame, unless it is empty
///
/// It is strict, bounded, and looks at every byte once, however the stream is cut up. Streamed
/// types, which no server sends, are malformed to it; out of band data and attributes are passed
/// over.
struct RESPParser {
    /// What a peer may ask this side to remember.
    struct Limits {
        /// The longest bulk string, in bytes.
        var bulk = 128 << 20
        /// The longest line, in bytes, its end included.
        var line = 64 << 10
        /// How deep arrays may stand in each other.
        var depth = 16
        /// How many values one reply may hold.
        var values = 1 << 18
    }

    private enum Kind { case array, push, attribute }

    /// An array whose values are still to come.
    private struct Frame {
        var kind: Kind
        var missing: Int
        var values: [RESPValue] = []
    }

    private enum Token {
        case value(RESPValue)
        case opened(Frame)
    }

    /// A bulk string whose header has been read.
    private struct Content {
        var type: UInt8
        /// Bytes of the string, without its line end.
        var length: Int
        var bytes: [UInt8] = []
        /// Bytes of the line end that have been read.
        var ended = 0
    }

    private let limits: Limits
    private var frames: [Frame] = []
    /// What has arrived of a line that is not whole.
    private var line: [UInt8] = []
    private var content: Content?
    private var values = 0

    /// Makes a parser at the beginning of a stream.
    init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes the next reply.
    ///
    /// - Parameters:
    ///   - bytes: What has arrived.
    ///   - position: From where on it has not been taken yet; moved on.
    /// - Returns: nil when all bytes are taken and no reply is whole; the next call gets those that
    ///   arrive next.
    mutating func next(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(RESPError) -> RESPValue? {
        while let token = try token(bytes, at: &position) {
            switch token {
            case .opened(let frame):
                guard frames.count < limits.depth else {
                    throw RESPError(reason: "arrays too deep")
                }
                if frame.missing > 0 {
                    frames.append(frame)
                } else if let value = finish(frame) {
                    return value
                }
            case .value(let value):
                if let value = add(value) { return value }
            }
        }
        return nil
    }

    /// Puts a value where it belongs.
    ///
    /// - Returns: The reply, if the value completes it.
    private mutating func add(_ value: RESPValue) -> RESPValue? {
        var value = value
        while true {
            guard let top = frames.indices.last else {
                values = 0
                return value
            }
            frames[top].values.append(value)
            frames[top].missing -= 1
            guard frames[top].missing == 0 else { return nil }
            let frame = frames.removeLast()
            switch frame.kind {
            case .array: value = .array(frame.values)
            case .push, .attribute:
                if frames.isEmpty { values = 0 }
                return nil
            }
        }
    }

    /// Ends a frame without values.
    private mutating func finish(_ frame: Frame) -> RESPValue? {
        switch frame.kind {
        case .array: return add(.array(frame.values))
        case .push, .attribute:
            if frames.isEmpty { values = 0 }
            return nil
        }
    }

    private mutating func token(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(RESPError) -> Token? {
        if content != nil { return try readContent(bytes, at: &position) }
        guard try readLine(bytes, at: &position) else { return nil }
        defer { line.removeAll(keepingCapacity: true) }
        values += 1
        guard values <= limits.values else { throw RESPError(reason: "too many values") }
        let type = line[0]
        let rest = line.dropFirst().dropLast(2)
        switch type {
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            let length = try number(rest)
            if length == -1, type == UInt8(ascii: "$") { return .value(.null) }
            guard length >= 0 else { throw RESPError(reason: "a negative length") }
            guard length <= limits.bulk else { throw RESPError(reason: "a string too long") }
            var content = Content(type: type, length: Int(length))
            // What has not arrived takes no room yet, but for a moderate string's.
            content.bytes.reserveCapacity(min(content.length, 1 << 20))
            self.content = content
            return try readContent(bytes, at: &position)
        case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("):
            return .value(.simple(Array(rest)))
        case UInt8(ascii: "-"):
            return .value(.error(RedisFailure(rest)))
        case UInt8(ascii: ":"):
            return .value(.integer(try number(rest)))
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw RESPError(reason: "a malformed null") }
            return .value(.null)
        case UInt8(ascii: "#"):
            return .value(.integer(try boolean(rest)))
        default:
            return try aggregate(type, rest)
        }
    }

    private func aggregate(
        _ type: UInt8, _ rest: ArraySlice<UInt8>
    ) throws(RESPError) -> Token {
        var kind = Kind.array
        var factor = 1
        switch type {
        case UInt8(ascii: "*"), UInt8(ascii: "~"): break
        case UInt8(ascii: "%"): factor = 2
        case UInt8(ascii: "|"): (kind, factor) = (.attribute, 2)
        case UInt8(ascii: ">"):
            guard frames.isEmpty else { throw RESPError(reason: "out of band data in a reply") }
            kind = .push
        default: throw RESPError(reason: "a reply of an unknown type")
        }
        let count = try number(rest)
        if count == -1, type == UInt8(ascii: "*") { return .value(.null) }
        guard count >= 0 else { throw RESPError(reason: "a negative length") }
        guard count <= limits.values else { throw RESPError(reason: "too many values") }
        return .opened(Frame(kind: kind, missing: Int(count) * factor))
    }

    // MARK: - Bytes

    /// Reads on in a bulk string.
    ///
    /// - Returns: nil when it is not whole yet.
    private mutating func readContent(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(RESPError) -> Token? {
        guard var content else { return nil }
        // Not shared with the copy above, or the bytes would be copied with each piece.
        self.content = nil
        let end = min(bytes.count, position + content.length - content.bytes.count)
        content.bytes.append(copying: bytes.extracting(position..<end))
        position = end
        while content.bytes.count == content.length, content.ended < 2, position < bytes.count {
            guard bytes[position] == (content.ended == 0 ? 0x0D : 0x0A) else {
                throw RESPError(reason: "a string longer than it says")
            }
            content.ended += 1
            position += 1
        }
        guard content.ended == 2 else {
            self.content = content
            return nil
        }
        switch content.type {
        case UInt8(ascii: "!"):
            return .value(.error(RedisFailure(content.bytes)))
        case UInt8(ascii: "="):
            // Three letters and a colon tell the kind of text.
            guard content.length >= 4 else { throw RESPError(reason: "a text without a kind") }
            return .value(.bulk(Array(content.bytes.dropFirst(4))))
        default:
            return .value(.bulk(content.bytes))
        }
    }

    /// Reads on in a line, which is whole in ``line`` then: a type, and CR LF at the end.
    ///
    /// - Returns: false when it is not whole yet.
    private mutating func readLine(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(RESPError) -> Bool {
        var end = position
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        let isEnded = end < bytes.count
        guard line.count + end - position < limits.line else {
            throw RESPError(reason: "a line too long")
        }
        if isEnded { end += 1 }
        line.append(copying: bytes.extracting(position..<end))
        position = end
        guard isEnded else { return false }
        guard line.count > 2, line[line.count - 2] == 0x0D else {
            throw RESPError(reason: "a malformed line")
        }
        return true
    }

    private func boolean(_ text: ArraySlice<UInt8>) throws(RESPError) -> Int64 {
        switch text.first {
        case UInt8(ascii: "t") where text.count == 1: return 1
        case UInt8(ascii: "f") where text.count == 1: return 0
        default: throw RESPError(reason: "a malformed boolean")
        }
    }

    private func number(_ text: ArraySlice<UInt8>) throws(RESPError) -> Int64 {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative || text.first == UInt8(ascii: "+") ? text.dropFirst() : text
        guard !digits.isEmpty else { throw RESPError(reason: "a malformed number") }
        var number: Int64 = 0
        for byte in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else {
                throw RESPError(reason: "a malformed number")
            }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (tens, isTooLong) = number.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = tens.addingReportingOverflow(isNegative ? -digit : digit)
            guard !isTooLong, !isTooLarge else { throw RESPError(reason: "a malformed number") }
            number = sum
        }
        return number
    }
}
