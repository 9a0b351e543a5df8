/// The bytes that HTTP's grammar knows (RFC 9110 §5.6).
enum HTTPBytes {
    // A bit for each ASCII byte that may stand in a token.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether a byte is a `tchar` (RFC 9110 §5.6.2).
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        let bits = byte < 64 ? tokenLow : byte < 128 ? tokenHigh : 0
        return bits >> UInt64(byte & 63) & 1 == 1
    }

    /// Whether a byte may stand in a field value without any doubt: a space or printable ASCII.
    ///
    /// A tab is in doubt: the grammar has it wherever it has a space (RFC 9110 §5.6.3), but the
    /// full parser refuses it behind the digits of `Content-Length`.
    @inline(__always)
    static func isPlainValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F
    }

    /// Compares with a lower-case literal, ASCII letters in either case.
    static func equalsFolded(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString
    ) -> Bool {
        range.count == literal.utf8CodeUnitCount && hasFoldedPrefix(bytes, range, literal)
    }

    /// Compares the beginning with a lower-case literal, ASCII letters in either case.
    static func hasFoldedPrefix(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString
    ) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard range.count >= count else { return false }
        for offset in 0..<count {
            let byte = bytes[range.lowerBound + offset]
            let folded = 0x41...0x5A ~= byte ? byte | 0x20 : byte
            if folded != literal.utf8Start[offset] { return false }
        }
        return true
    }
}
