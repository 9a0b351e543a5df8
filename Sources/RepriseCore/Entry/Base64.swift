/// Base64 with padding (RFC 4648 §4).
public enum Base64 {
    /// Appends the encoded bytes.
    public static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let first = UInt32(bytes[index]) << 16
            let second = left > 1 ? UInt32(bytes[index + 1]) << 8 : 0
            let third = left > 2 ? UInt32(bytes[index + 2]) : 0
            let group = first | second | third
            text.append(digit(group >> 18))
            text.append(digit(group >> 12))
            text.append(left > 1 ? digit(group >> 6) : UInt8(ascii: "="))
            text.append(left > 2 ? digit(group) : UInt8(ascii: "="))
            index += 3
        }
    }

    /// The decoded bytes; nil when the text is not exactly what ``append(_:to:)`` writes.
    public static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var index = 0
        while index < text.count {
            let padding = padding(text, at: index)
            var group: UInt32 = 0
            for place in 0..<4 {
                let byte = text[index + place]
                guard let digit = place >= 4 - padding ? 0 : value(byte) else { return nil }
                group = group << 6 | digit
            }
            // Bits that no byte takes up must be zero, or two texts would say the same.
            if padding > 0, group & (1 << UInt32(padding * 8) - 1) != 0 { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            index += 4
        }
        return bytes
    }

    /// How many `=` end the text, if the group at `index` is the last.
    private static func padding(_ text: Span<UInt8>, at index: Int) -> Int {
        guard index + 4 == text.count, text[index + 3] == UInt8(ascii: "=") else { return 0 }
        return text[index + 2] == UInt8(ascii: "=") ? 2 : 1
    }

    private static func digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 0x3F)
        switch value {
        case 0..<26: return UInt8(ascii: "A") + value
        case 26..<52: return UInt8(ascii: "a") + value - 26
        case 52..<62: return UInt8(ascii: "0") + value - 52
        case 62: return UInt8(ascii: "+")
        default: return UInt8(ascii: "/")
        }
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
