/// The decoded names of a document's members, ready to be compared.
///
/// A name without escapes stays in the document; one with escapes is decoded once and kept here.
struct MemberNames {
    /// The first eight bytes of a name, the first one most significant, zeros after a shorter name:
    /// most names are told apart by this one number.
    typealias Prefix = UInt64

    /// Where a name is to be found.
    struct Name: BitwiseCopyable {
        /// How it begins.
        let prefix: Prefix
        /// The first byte's place in the document, or, from the document's length on, in `decoded`.
        fileprivate let start: UInt32
        fileprivate let length: UInt32

        /// Makes a name of some bytes, the first one in that place.
        @inline(__always)
        init(prefix: Prefix, start: Int, length: Int) {
            self.prefix = prefix
            self.start = UInt32(truncatingIfNeeded: start)
            self.length = UInt32(truncatingIfNeeded: length)
        }
    }

    private var decoded: [UInt8] = []

    /// Takes up a name of any kind.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - range: The name's range between its quotes.
    ///   - isEscaped: Whether the name has escapes.
    mutating func add(_ document: Span<UInt8>, _ range: Range<Int>, isEscaped: Bool) -> Name {
        var range = range
        if isEscaped {
            let start = document.count + decoded.count
            JSONText.appendDecoded(document, range, to: &decoded)
            range = start..<document.count + decoded.count
        }
        if !isEscaped, range.count >= 8 {
            let word = document.bytes.unsafeLoadUnaligned(
                fromByteOffset: range.lowerBound, as: UInt64.self)
            return Name(
                prefix: UInt64(bigEndian: word), start: range.lowerBound, length: range.count)
        }
        var prefix: Prefix = 0
        for place in range.lowerBound..<range.lowerBound + 8 {
            var byte: UInt8 = 0
            if place < range.upperBound {
                byte = place < document.count ? document[place] : decoded[place - document.count]
            }
            prefix = prefix << 8 | Prefix(byte)
        }
        return Name(prefix: prefix, start: range.lowerBound, length: range.count)
    }

    /// Compares two names byte for byte.
    ///
    /// - Parameter document: The document that the names were taken from.
    /// - Returns: Below zero when the left name stands before the right one, zero when both are
    ///   equal, else above zero.
    @inline(__always)
    func compare(_ document: Span<UInt8>, _ left: Name, _ right: Name) -> Int {
        if left.prefix != right.prefix {
            return left.prefix < right.prefix ? -1 : 1
        }
        return compareFully(document, left, right)
    }

    @inline(never)
    private func compareFully(_ document: Span<UInt8>, _ left: Name, _ right: Name) -> Int {
        let common = Int(min(left.length, right.length))
        var offset = 8
        while offset < common {
            // The last word overlaps the one before rather than reach beyond the name.
            let place = min(offset, common - 8)
            let leftWord = word(document, at: Int(left.start) + place)
            let rightWord = word(document, at: Int(right.start) + place)
            if leftWord != rightWord {
                return leftWord < rightWord ? -1 : 1
            }
            offset += 8
        }
        return Int(left.length) - Int(right.length)
    }

    /// Eight bytes of one buffer, the first one most significant; both ends must lie in it.
    private func word(_ document: Span<UInt8>, at place: Int) -> UInt64 {
        // The loads are checked against the bounds, and every bit pattern is an integer.
        let word =
            place < document.count
            ? document.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
            : decoded.span.bytes.unsafeLoadUnaligned(
                fromByteOffset: place - document.count, as: UInt64.self)
        return UInt64(bigEndian: word)
    }
}
