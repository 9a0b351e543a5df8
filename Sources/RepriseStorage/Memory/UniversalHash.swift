/// A hash with a secret key, under which two different requests have one value with a probability
/// below 2^-120, whoever has written them.
///
/// Two lanes with keys of their own, each as in VHASH (Krovetz, Dai: "VHASH Security", 2007;
/// <https://eprint.iacr.org/2007/338>): NH maps blocks of ``blockLength`` bytes to 126 bits each, and
/// a polynomial modulo 2^127 − 1 maps those, and the lengths at last, to one. The second lane's NH
/// key is the first one's, moved by two words (Black et al., "UMAC", CRYPTO 1999).
///
/// Unlike a digest it is worth nothing to those who know the key, so neither the key nor a value
/// may leave the process.
struct UniversalHash: Sendable {
    /// Bytes that one term of the polynomial stands for.
    static let blockLength = 512

    /// Of NH: a word for each of a block's, and two for the second lane.
    private let words: [UInt64]
    /// Where the lanes' polynomials are evaluated.
    private let points: (Mersenne127, Mersenne127)

    /// Draws a key.
    init(using generator: inout some RandomNumberGenerator) {
        words = (0..<Self.blockLength / 8 + 2).map { _ in generator.next() }
        points = (Mersenne127(using: &generator), Mersenne127(using: &generator))
    }

    /// The value of two strings of bytes, of fewer than 2^32 each.
    func callAsFunction(_ head: Span<UInt8>, _ body: Span<UInt8>) -> (UInt128, UInt128) {
        var lanes = (Mersenne127(0), Mersenne127(0))
        absorb(head, &lanes)
        absorb(body, &lanes)
        // With the lengths behind, which number no other pair has, no string begins another, and
        // the zeros that fill up a last block say nothing.
        let lengths = UInt128(head.count) << 32 | UInt128(body.count)
        append((lengths, lengths), &lanes)
        return (lanes.0.value, lanes.1.value)
    }

    @inline(__always)
    private func append(_ terms: (UInt128, UInt128), _ lanes: inout (Mersenne127, Mersenne127)) {
        lanes.0 = lanes.0.times(points.0, plus: terms.0)
        lanes.1 = lanes.1.times(points.1, plus: terms.1)
    }

    private func absorb(_ bytes: Span<UInt8>, _ lanes: inout (Mersenne127, Mersenne127)) {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.blockLength, bytes.count)
            append(sums(bytes.extracting(start..<end)), &lanes)
            start = end
        }
    }

    /// NH of a block under both keys, modulo 2^126.
    @inline(__always)
    private func sums(_ block: Span<UInt8>) -> (UInt128, UInt128) {
        let words = self.words.span
        var first: UInt128 = 0
        var second: UInt128 = 0
        // The keys of a block's last pair end where it does, two words before theirs do.
        @inline(__always)
        func add(_ left: UInt64, _ right: UInt64, at index: Int) {
            first &+=
                UInt128(left &+ words[unchecked: index])
                &* UInt128(right &+ words[unchecked: index &+ 1])
            second &+=
                UInt128(left &+ words[unchecked: index &+ 2])
                &* UInt128(right &+ words[unchecked: index &+ 3])
        }
        let raw = block.bytes
        var offset = 0
        while offset &+ 16 <= block.count {
            add(
                raw.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self),
                raw.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self),
                at: offset &>> 3)
            offset &+= 16
        }
        if offset < block.count {
            var last: (UInt64, UInt64) = (0, 0)
            withUnsafeMutableBytes(of: &last) { last in
                for index in offset..<block.count { last[index - offset] = block[index] }
            }
            add(last.0, last.1, at: offset &>> 3)
        }
        let mask = UInt128(1) << 126 &- 1
        return (first & mask, second & mask)
    }
}
