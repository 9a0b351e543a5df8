/// Reads the decoded UTF-8 bytes of a JSON string one by one, without storing them.
///
/// The string must have come from ``JSONTokenizer``, which has checked it. An escape that is not
/// well formed all the same ends the string.
struct JSONStringReader {
    private var position: Int
    private let end: Int
    // Bytes of a decoded scalar that are still to be given out, the next one lowest.
    private var pending: UInt32 = 0
    private var pendingCount = 0

    /// Makes a reader of the text between two quotes.
    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Gives the next byte, nil after the last one.
    ///
    /// - Parameter bytes: The text that the range was taken from; the same in every call.
    mutating func next(_ bytes: Span<UInt8>) -> UInt8? {
        if pendingCount > 0 {
            let byte = UInt8(truncatingIfNeeded: pending)
            pending >>= 8
            pendingCount -= 1
            return byte
        }
        guard position < end else { return nil }
        let byte = bytes[position]
        guard byte == UInt8(ascii: "\\") else {
            position += 1
            return byte
        }
        return decodeEscape(bytes)
    }

    private mutating func decodeEscape(_ bytes: Span<UInt8>) -> UInt8? {
        guard end - position >= 2 else {
            position = end
            return nil
        }
        let letter = bytes[position + 1]
        if letter == UInt8(ascii: "u") {
            return decodeCodeUnits(bytes)
        }
        position += 2
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        default: return letter
        }
    }

    private mutating func decodeCodeUnits(_ bytes: Span<UInt8>) -> UInt8? {
        guard let unit = JSONScan.codeUnit(bytes, at: position) else {
            position = end
            return nil
        }
        position += 6
        guard 0xD800..<0xDC00 ~= unit else { return encode(unit) }
        guard let low = JSONScan.codeUnit(bytes, at: position), 0xDC00..<0xE000 ~= low else {
            position = end
            return nil
        }
        position += 6
        return encode(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    /// Gives the first byte of a scalar's UTF-8 form (RFC 3629 §3) and keeps the others.
    private mutating func encode(_ scalar: UInt32) -> UInt8 {
        func continuation(_ shift: UInt32) -> UInt32 { 0x80 | scalar >> shift & 0x3F }
        switch scalar {
        case ..<0x80:
            return UInt8(truncatingIfNeeded: scalar)
        case ..<0x800:
            pending = continuation(0)
            pendingCount = 1
            return UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
        case ..<0x10000:
            pending = continuation(6) | continuation(0) << 8
            pendingCount = 2
            return UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
        default:
            pending = continuation(12) | continuation(6) << 8 | continuation(0) << 16
            pendingCount = 3
            return UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
        }
    }
}
