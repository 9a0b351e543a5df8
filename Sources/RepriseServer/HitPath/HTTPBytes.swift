/// The bytes that HTTP's grammar knows (RFC 9110 §5.6), one by one or many at a time.
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

    /// Passes over a token.
    ///
    /// - Returns: The offset of the first byte from `start` on that is no `tchar`, or `end`.
    @inline(__always)
    static func endOfToken(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var position = start
        while true {
            // Names are made of letters, digits and hyphens but for a few.
            while end &- position >= 16 {
                let block = block(bytes, at: position)
                let folded = block | Block(repeating: 0x20)
                let isLetter = folded &- Block(repeating: 0x61) .< Block(repeating: 26)
                let isDigit = block &- Block(repeating: 0x30) .< Block(repeating: 10)
                let isHyphen = block .== Block(repeating: 0x2D)
                let length = lengthOfRun(isLetter .| isDigit .| isHyphen)
                position &+= length
                if length < 16 { break }
            }
            guard position < end, bytes[unchecked: position] != UInt8(ascii: ":"),
                isToken(bytes[unchecked: position])
            else { return position }
            position &+= 1
        }
    }

    /// Passes over printable ASCII, of which field values without any doubt consist.
    ///
    /// A tab is in doubt: the grammar has it wherever it has a space (RFC 9110 §5.6.3), but the
    /// full parser refuses it behind the digits of `Content-Length`.
    ///
    /// - Parameter lowest: The lowest byte that belongs to it: a space, or the one behind it.
    /// - Returns: The offset of the first other byte from `start` on, or `end`.
    @inline(__always)
    static func endOfPrintable(
        _ bytes: Span<UInt8>, from start: Int, to end: Int, lowest: UInt8
    ) -> Int {
        var position = start
        while end &- position >= 16 {
            let distance = block(bytes, at: position) &- Block(repeating: lowest)
            let length = lengthOfRun(distance .< Block(repeating: 0x7F - lowest))
            position &+= length
            if length < 16 { return position }
        }
        while position < end, lowest..<0x7F ~= bytes[unchecked: position] { position &+= 1 }
        return position
    }

    private typealias Block = SIMD16<UInt8>

    @inline(__always)
    private static func block(_ bytes: Span<UInt8>, at offset: Int) -> Block {
        bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Block.self)
    }

    /// How many bytes of a block belong to it before the first one that does not.
    @inline(__always)
    private static func lengthOfRun(_ belongs: SIMDMask<SIMD16<Int8>>) -> Int {
        let words = unsafeBitCast(belongs, to: SIMD2<UInt64>.self)
        let first = ~UInt64(littleEndian: words[0])
        if first != 0 { return first.trailingZeroBitCount &>> 3 }
        return 8 &+ (~UInt64(littleEndian: words[1])).trailingZeroBitCount &>> 3
    }

    /// Compares printable ASCII with a literal, ASCII letters in either case.
    ///
    /// - Parameter literal: Lower-case letters, digits, `-` and `/`.
    @inline(__always)
    static func equalsFolded(_ bytes: Span<UInt8>, _ literal: StaticString) -> Bool {
        bytes.count == literal.utf8CodeUnitCount && hasPrefix(bytes, literal, folding: 0x20)
    }

    /// Compares the beginning of printable ASCII with a literal, ASCII letters in either case.
    ///
    /// - Parameter literal: Lower-case letters, digits, `-` and `/`.
    @inline(__always)
    static func hasFoldedPrefix(_ bytes: Span<UInt8>, _ literal: StaticString) -> Bool {
        hasPrefix(bytes, literal, folding: 0x20)
    }

    /// Compares the beginning with a literal, byte for byte.
    @inline(__always)
    static func hasPrefix(_ bytes: Span<UInt8>, _ literal: StaticString) -> Bool {
        hasPrefix(bytes, literal, folding: 0)
    }

    /// Compares the beginning with a literal after bits of each byte have been set.
    ///
    /// The literal being a constant, so are its words: a comparison is a few instructions.
    ///
    /// - Parameter fold: Of all printable ASCII, setting 0x20 makes a lower-case letter, a digit,
    ///   `-` or `/` of nothing but itself and the upper-case letter.
    @inline(__always)
    private static func hasPrefix(
        _ bytes: Span<UInt8>, _ literal: StaticString, folding fold: UInt8
    ) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        let text = UnsafeRawPointer(literal.utf8Start)
        @inline(__always)
        func isEqual<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ type: Word.Type, at offset: Int
        ) -> Bool {
            let word = bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
            let folds = Word(fold) &* (Word.max / 0xFF)
            return word | folds == text.loadUnaligned(fromByteOffset: offset, as: type)
        }
        // The last word overlaps the one before rather than reach beyond the literal.
        if count >= 8 {
            var offset = 0
            while offset &+ 8 < count {
                guard isEqual(UInt64.self, at: offset) else { return false }
                offset &+= 8
            }
            return isEqual(UInt64.self, at: count &- 8)
        }
        if count >= 4 {
            return isEqual(UInt32.self, at: 0) && isEqual(UInt32.self, at: count &- 4)
        }
        for offset in 0..<count where !isEqual(UInt8.self, at: offset) { return false }
        return true
    }
}
