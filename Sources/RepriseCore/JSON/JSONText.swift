/// The meaning of single JSON tokens: strings with their escapes decoded, exact integers.
///
/// Ranges are those of a ``JSONToken`` that was read from the same bytes.
public enum JSONText {
    /// Tells whether a string is equal to a literal once its escapes are decoded.
    public static func equals(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString
    ) -> Bool {
        // An escape is longer than the character that it stands for.
        guard range.count > literal.utf8CodeUnitCount else {
            return bytes.extracting(range).equals(literal)
        }
        // Nearly always the first byte tells.
        let first = bytes[range.lowerBound]
        if first != UInt8(ascii: "\\"), first != literal.utf8Start.pointee { return false }
        return afterPrefix(bytes, range, literal) == .end
    }

    /// Tells whether a string begins with a literal once its escapes are decoded.
    public static func hasPrefix(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString
    ) -> Bool {
        afterPrefix(bytes, range, literal) != .differs
    }

    private enum Remainder {
        case differs, end, more
    }

    private static func afterPrefix(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString
    ) -> Remainder {
        var reader = JSONStringReader(range)
        let expected = UnsafeBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        for byte in expected where reader.next(bytes) != byte {
            return .differs
        }
        return reader.next(bytes) == nil ? .end : .more
    }

    /// The UTF-8 bytes of a string with its escapes decoded.
    public static func decoded(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        appendDecoded(bytes, range, to: &result)
        return result
    }

    /// Appends the UTF-8 bytes of a string with its escapes decoded.
    static func appendDecoded(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]
    ) {
        append(bytes, range, escaping: false, to: &output)
    }

    /// Appends a string with its escapes in canonical form, without quotes.
    static func appendCanonical(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]
    ) {
        append(bytes, range, escaping: true, to: &output)
    }

    private static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, escaping: Bool, to output: inout [UInt8]
    ) {
        var position = range.lowerBound
        while position < range.upperBound {
            let run = position
            position = JSONScan.firstBackslash(bytes, in: run..<range.upperBound)
            while escaping, range.upperBound - position >= 2,
                JSONScan.isCanonicalEscape(bytes[position + 1])
            {
                let next = position + 2
                position = JSONScan.firstBackslash(bytes, in: next..<range.upperBound)
            }
            if position > run {
                output.append(copying: bytes.extracting(run..<position))
            }
            while position < range.upperBound, bytes[position] == UInt8(ascii: "\\"),
                let scalar = JSONScan.decodeEscape(bytes, at: &position, end: range.upperBound)
            {
                if escaping, scalar < 0x80 {
                    appendEscaped(UInt8(truncatingIfNeeded: scalar), to: &output)
                } else {
                    var encoded = JSONScan.utf8(scalar)
                    while encoded.count > 0 {
                        output.append(encoded.removeFirst())
                    }
                }
            }
        }
    }

    /// Appends a text as a JSON string in canonical form, with its quotes.
    ///
    /// - Parameters:
    ///   - text: UTF-8. It is not checked: other bytes are written as they are.
    ///   - output: What the string is appended to.
    public static func appendQuoted(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for index in text.indices {
            appendEscaped(text[index], to: &output)
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Appends one byte of a string's UTF-8 form, escaped where it must be, as RFC 8785 §3.2.2.2
    /// spells escapes: the two-character form where there is one, else `\u00` and lower-case digits.
    @inline(__always)
    static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0x20...:
            output.append(byte)
        default:
            appendControl(byte, to: &output)
        }
    }

    private static func appendControl(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            output.append(contentsOf: [UInt8]("u00"))
            output.append(CacheKey.hexDigit(byte >> 4))
            output.append(CacheKey.hexDigit(byte & 0xF))
        }
    }

    /// The exact value of a number, however it is spelt: `1000`, `1e3` and `1000.0` are equal.
    ///
    /// - Returns: The value; nil when it is not an integer or does not fit in 64 bits.
    public static func integer(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        JSONDecimal(bytes, range)?.integer(bytes)
    }
}
