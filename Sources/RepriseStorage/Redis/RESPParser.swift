import NIOCore

/// Takes the protocol of Redis apart as it arrives (RESP3 specification, redis/redis-specifications;
/// RESP2 is a part of it).
///
/// It is strict, bounded, and looks at every byte once, however the stream is cut up. Bulk strings
/// are slices of what arrived. Streamed types, which no server sends, are malformed to it; out of
/// band data and attributes are passed over.
struct RESPParser {
    /// What a peer may ask this side to remember.
    struct Limits {
        /// The longest bulk string, in bytes.
        var bulk = 128 << 20
        /// The longest line, in bytes.
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

    private let limits: Limits
    private var frames: [Frame] = []
    /// The type and length of a bulk string whose header has been read.
    private var bulk: (type: UInt8, length: Int)?
    /// How many bytes of an unfinished line are known to hold no line feed.
    private var searched = 0
    private var values = 0

    /// Makes a parser at the beginning of a stream.
    init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes the next reply.
    ///
    /// - Parameter buffer: What has arrived and not been taken yet. After nil, more is to be
    ///   appended to it.
    /// - Returns: nil when the reply is not whole yet.
    mutating func next(_ buffer: inout ByteBuffer) throws(RESPError) -> RESPValue? {
        while let token = try token(&buffer) {
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
        guard let top = frames.indices.last else {
            values = 0
            return value
        }
        frames[top].values.append(value)
        frames[top].missing -= 1
        guard frames[top].missing == 0 else { return nil }
        return finish(frames.removeLast())
    }

    private mutating func finish(_ frame: Frame) -> RESPValue? {
        switch frame.kind {
        case .array: return add(.array(frame.values))
        case .push, .attribute:
            if frames.isEmpty { values = 0 }
            return nil
        }
    }

    private mutating func token(_ buffer: inout ByteBuffer) throws(RESPError) -> Token? {
        if let bulk { return try content(bulk.type, bulk.length, &buffer) }
        guard let length = try lineLength(buffer) else { return nil }
        guard var line = buffer.readSlice(length: length),
            let type = line.readInteger(as: UInt8.self)
        else { throw RESPError(reason: "an empty line") }
        line.moveWriterIndex(to: line.writerIndex - 2)
        values += 1
        guard values <= limits.values else { throw RESPError(reason: "too many values") }
        switch type {
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            let length = try number(line)
            if length == -1, type == UInt8(ascii: "$") { return .value(.null) }
            guard length >= 0 else { throw RESPError(reason: "a negative length") }
            guard length <= limits.bulk else { throw RESPError(reason: "a string too long") }
            bulk = (type, Int(length))
            return try content(type, Int(length), &buffer)
        case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("):
            return .value(.simple(line))
        case UInt8(ascii: "-"):
            return .value(.error(RedisFailure(line.readableBytesView)))
        case UInt8(ascii: ":"):
            return .value(.integer(try number(line)))
        case UInt8(ascii: "_"):
            guard line.readableBytes == 0 else { throw RESPError(reason: "a malformed null") }
            return .value(.null)
        case UInt8(ascii: "#"):
            return .value(.integer(try boolean(line)))
        default:
            return try aggregate(type, line)
        }
    }

    private func aggregate(_ type: UInt8, _ line: ByteBuffer) throws(RESPError) -> Token {
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
        let count = try number(line)
        if count == -1, type == UInt8(ascii: "*") { return .value(.null) }
        guard count >= 0 else { throw RESPError(reason: "a negative length") }
        guard count <= limits.values else { throw RESPError(reason: "too many values") }
        return .opened(Frame(kind: kind, missing: Int(count) * factor))
    }

    private mutating func content(
        _ type: UInt8, _ length: Int, _ buffer: inout ByteBuffer
    ) throws(RESPError) -> Token? {
        guard buffer.readableBytes >= length + 2 else { return nil }
        guard var bytes = buffer.readSlice(length: length),
            buffer.readInteger(as: UInt16.self) == 0x0D0A
        else { throw RESPError(reason: "a string longer than it says") }
        bulk = nil
        switch type {
        case UInt8(ascii: "!"):
            return .value(.error(RedisFailure(bytes.readableBytesView)))
        case UInt8(ascii: "="):
            // Three letters and a colon tell the kind of text.
            guard bytes.readableBytes >= 4 else { throw RESPError(reason: "a text without a kind") }
            bytes.moveReaderIndex(forwardBy: 4)
            return .value(.bulk(bytes))
        default:
            return .value(.bulk(bytes))
        }
    }

    /// How many bytes the line at the front has with its line end; nil when it has none yet.
    private mutating func lineLength(_ buffer: ByteBuffer) throws(RESPError) -> Int? {
        let (end, isEnded, count) = buffer.withUnsafeReadableBytes { bytes in
            var index = searched
            while index < bytes.count, bytes[index] != 0x0A { index += 1 }
            return (
                index, index > 1 && index < bytes.count && bytes[index - 1] == 0x0D, bytes.count
            )
        }
        guard end < limits.line else { throw RESPError(reason: "a line too long") }
        guard end < count else {
            searched = end
            return nil
        }
        guard isEnded else { throw RESPError(reason: "a malformed line") }
        searched = 0
        return end + 1
    }

    private func boolean(_ line: ByteBuffer) throws(RESPError) -> Int64 {
        switch line.readableBytesView.first {
        case UInt8(ascii: "t") where line.readableBytes == 1: return 1
        case UInt8(ascii: "f") where line.readableBytes == 1: return 0
        default: throw RESPError(reason: "a malformed boolean")
        }
    }

    private func number(_ line: ByteBuffer) throws(RESPError) -> Int64 {
        let number = line.withUnsafeReadableBytes { bytes -> Int64? in
            guard let first = bytes.first else { return nil }
            let isNegative = first == UInt8(ascii: "-")
            let digits = isNegative || first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
            guard !digits.isEmpty else { return nil }
            var number: Int64 = 0
            for byte in digits {
                guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
                let digit = Int64(byte - UInt8(ascii: "0"))
                let (tens, isTooLong) = number.multipliedReportingOverflow(by: 10)
                let (sum, isTooLarge) = tens.addingReportingOverflow(isNegative ? -digit : digit)
                guard !isTooLong, !isTooLarge else { return nil }
                number = sum
            }
            return number
        }
        guard let number else { throw RESPError(reason: "a malformed number") }
        return number
    }
}
