/// Some bytes of a string, searched at once for the first that does not stand for itself: a quote, a
/// backslash, a control character, or a byte beyond ASCII.
struct PlainBlock {
    #if arch(wasm32)
        /// How many bytes a block has.
        static let length = 8

        private let word: UInt64
        // A byte's top bit is set where the byte is looked for. A borrow can set bits above such a
        // byte falsely, never below it, and only the lowest is looked at.
        private let stops: UInt64

        /// Loads a block, all of which must lie within the bytes.
        @inline(__always)
        init(_ bytes: Span<UInt8>, at offset: Int) {
            let ones: UInt64 = 0x0101_0101_0101_0101
            // Every bit pattern is an integer.
            word = UInt64(
                littleEndian: bytes.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset, as: UInt64.self))
            let below = word &- 0x20 &* ones
            let quote = (word ^ 0x22 &* ones) &- ones
            let backslash = (word ^ 0x5C &* ones) &- ones
            stops = (word | below | quote | backslash) & (0x80 &* ones)
        }

        /// Whether all bytes stand for themselves.
        @inline(__always)
        var isPlain: Bool { stops == 0 }

        /// How many bytes stand before the first one that is looked for.
        @inline(__always)
        var end: Int { stops.trailingZeroBitCount &>> 3 }

        /// Those bytes as a number, see ``MemberNames/Prefix``.
        @inline(__always)
        var prefix: MemberNames.Prefix {
            let firstBits = stops &>> 7
            return (word & ~firstBits & (firstBits &- 1)).byteSwapped
        }
    #else
        /// How many bytes a block has.
        static let length = 16

        private let block: SIMD16<Int8>
        // Two words whose bytes are not zero where the byte is looked for.
        private let stops: SIMD2<UInt64>

        /// Loads a block, all of which must lie within the bytes.
        @inline(__always)
        init(_ bytes: Span<UInt8>, at offset: Int) {
            typealias Block = SIMD16<Int8>
            // Every bit pattern is a vector.
            block = bytes.bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: Block.self)
            // As signed numbers, bytes beyond ASCII are below 0x20 too.
            let found =
                (block .< Block(repeating: 0x20)) .| (block .== Block(repeating: 0x22))
                .| (block .== Block(repeating: 0x5C))
            stops = unsafeBitCast(found, to: SIMD2<UInt64>.self)
        }

        /// Whether all bytes stand for themselves.
        @inline(__always)
        var isPlain: Bool { stops[0] | stops[1] == 0 }

        /// How many bytes stand before the first one that is looked for.
        @inline(__always)
        var end: Int {
            let first = UInt64(littleEndian: stops[0])
            if first != 0 { return first.trailingZeroBitCount &>> 3 }
            return 8 &+ UInt64(littleEndian: stops[1]).trailingZeroBitCount &>> 3
        }

        /// The first eight of those bytes as a number, see ``MemberNames/Prefix``.
        @inline(__always)
        var prefix: MemberNames.Prefix {
            let first = UInt64(littleEndian: stops[0])
            let word = UInt64(littleEndian: unsafeBitCast(block, to: SIMD2<UInt64>.self)[0])
            // All bits below the lowest one of the first byte that is found; all, when there is none.
            return (word & ~first & (first &- 1)).byteSwapped
        }
    #endif
}
