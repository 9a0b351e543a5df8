import RepriseCore

/// A message from JavaScript that does not have the form that its operation asks for.
struct FrameError: Error, Equatable {}

/// Reads the values of a message, in the order in which ``FrameWriter`` writes them.
struct FrameReader {
    private var position = 0

    /// The next byte.
    mutating func byte(_ frame: Span<UInt8>) throws(FrameError) -> UInt8 {
        guard position < frame.count else { throw FrameError() }
        position += 1
        return frame[position - 1]
    }

    /// The next unsigned number of 32 bits.
    mutating func number(_ frame: Span<UInt8>) throws(FrameError) -> UInt32 {
        UInt32(truncatingIfNeeded: try word(frame, bytes: 4))
    }

    /// The next signed number of 64 bits.
    mutating func wideNumber(_ frame: Span<UInt8>) throws(FrameError) -> Int64 {
        Int64(bitPattern: try word(frame, bytes: 8))
    }

    /// The next byte string.
    mutating func bytes(_ frame: Span<UInt8>) throws(FrameError) -> [UInt8] {
        let length = try number(frame)
        guard UInt64(length) <= UInt64(frame.count - position) else { throw FrameError() }
        let end = position + Int(length)
        defer { position = end }
        return frame.extracting(position..<end).withUnsafeBufferPointer { Array($0) }
    }

    /// The next list of header fields.
    mutating func fields(_ frame: Span<UInt8>) throws(FrameError) -> [HeaderField] {
        var fields: [HeaderField] = []
        for _ in 0..<(try number(frame)) {
            fields.append(HeaderField(name: try bytes(frame), value: try bytes(frame)))
        }
        return fields
    }

    /// All that is left.
    mutating func rest(_ frame: Span<UInt8>) -> Range<Int> {
        defer { position = frame.count }
        return position..<frame.count
    }

    private mutating func word(
        _ frame: Span<UInt8>, bytes count: Int
    ) throws(FrameError) -> UInt64 {
        guard frame.count - position >= count else { throw FrameError() }
        var word: UInt64 = 0
        for place in 0..<count {
            word |= UInt64(frame[position + place]) << UInt64(place * 8)
        }
        position += count
        return word
    }
}
