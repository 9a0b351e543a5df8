/// Writes pieces of other buffers one behind the other into memory that has been set aside for them.
///
/// Most pieces are short: their bytes are moved with a few loads and stores of a fixed number, which
/// move more than the piece has; the next one is written over what is too much.
struct PieceWriter {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    /// How many bytes have been written.
    private(set) var count = 0

    /// Makes a writer into memory that must be valid as long as the writer is used.
    init(_ base: UnsafeMutableRawPointer, capacity: Int) {
        self.base = base
        self.capacity = capacity
    }

    private typealias Block = SIMD2<UInt64>
    private static let mostAtOnce = 48

    /// Appends bytes from one offset to another, which must not be less; there must be room for them.
    @inline(__always)
    mutating func append(copying bytes: Span<UInt8>, from start: Int, to end: Int) {
        let length = end &- start
        // All that is read and written lies within bounds that are compared with here.
        if length <= Self.mostAtOnce, bytes.count &- start >= Self.mostAtOnce,
            capacity &- count >= Self.mostAtOnce
        {
            let source = bytes.bytes
            let target = base + count
            for offset in stride(from: 0, to: Self.mostAtOnce, by: 16) {
                let block = source.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: start &+ offset, as: Block.self)
                target.storeBytes(of: block, toByteOffset: offset, as: Block.self)
            }
        } else {
            copyLong(bytes, start..<end)
        }
        count &+= length
    }

    @inline(never)
    private func copyLong(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        precondition(range.upperBound <= bytes.count && range.count <= capacity - count)
        bytes.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            (base + count).copyMemory(from: start + range.lowerBound, byteCount: range.count)
        }
    }

    /// Appends one byte; there must be room for it.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        precondition(count < capacity)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }
}
