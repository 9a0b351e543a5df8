internal import CLibuv

/// The bytes that a stream has been given and that its socket has not taken, in order.
///
/// Small writes are copied together into one piece; arrays that are kept are pieces of their own.
/// A stream has a queue only while bytes wait; its loop keeps some empty ones for reuse, with their
/// storage, so that a write that the socket takes at once allocates nothing.
///
/// Pointers into pieces exist only during ``withGatheredBytes(_:)``.
final class OutputQueue {
    private struct Piece {
        var bytes: [UInt8]
        /// Whether further bytes may be copied to its end.
        let isOwn: Bool
    }

    /// Kept arrays up to this size are copied: that is cheaper than a piece.
    private static let copyLimit = 512
    /// The size up to which copied bytes are joined in one piece.
    private static let pieceLimit = 64 << 10
    /// The most storage that an empty queue keeps.
    private static let spareLimit = 16 << 10
    /// The most pieces that one call to the system takes.
    static let gatherLimit = 64

    /// How many bytes wait.
    private(set) var count = 0
    private var pieces: [Piece] = []
    /// The index of the first piece with bytes that wait.
    private var first = 0
    /// How many bytes of the first piece have been taken.
    private var offset = 0
    /// Storage for the next piece of copied bytes.
    private var spare: [UInt8] = []

    /// Adds a copy of bytes.
    func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { appendCopy($0) }
    }

    /// Adds bytes without copying them.
    func append(keeping bytes: [UInt8]) {
        if bytes.count <= Self.copyLimit {
            bytes.withUnsafeBufferPointer { appendCopy($0) }
        } else {
            pieces.append(Piece(bytes: bytes, isOwn: false))
            count += bytes.count
        }
    }

    private func appendCopy(_ bytes: UnsafeBufferPointer<UInt8>) {
        count += bytes.count
        let last = pieces.count - 1
        if last >= first, pieces[last].isOwn,
            pieces[last].bytes.count + bytes.count <= Self.pieceLimit
        {
            pieces[last].bytes.append(contentsOf: bytes)
            return
        }
        var storage: [UInt8] = []
        swap(&storage, &spare)
        storage.append(contentsOf: bytes)
        pieces.append(Piece(bytes: storage, isOwn: true))
    }

    /// Lends the waiting bytes, or the first of them, as a list of at most ``gatherLimit`` buffers.
    ///
    /// - Parameters:
    ///   - list: Room for that many buffers.
    ///   - body: Is given how many buffers stand in the list and how many bytes they hold; the
    ///     pointers in them are good until it returns.
    func withGatheredBytes(
        in list: UnsafeMutablePointer<uv_buf_t>, _ body: (Int, Int) -> Int32
    ) -> Int32 {
        gather(first, skipping: offset, filled: 0, bytes: 0, list, body)
    }

    /// Goes one call deeper for each piece, because that is how pointers into several arrays are
    /// had at one time.
    private func gather(
        _ index: Int, skipping skipped: Int, filled: Int, bytes: Int,
        _ list: UnsafeMutablePointer<uv_buf_t>, _ body: (Int, Int) -> Int32
    ) -> Int32 {
        guard index < pieces.count, filled < Self.gatherLimit else { return body(filled, bytes) }
        return pieces[index].bytes.withUnsafeBufferPointer { piece in
            let count = piece.count - skipped
            guard count > 0, let base = piece.baseAddress else {
                return gather(index + 1, skipping: 0, filled: filled, bytes: bytes, list, body)
            }
            // libuv's type has no read-only form; nothing is written through it.
            let start = UnsafeMutableRawPointer(mutating: base + skipped)
            list[filled] = uv_buf_t(base: start.assumingMemoryBound(to: CChar.self), len: count)
            return gather(
                index + 1, skipping: 0, filled: filled + 1, bytes: bytes + count, list, body)
        }
    }

    /// Copies the first bytes out, without removing them.
    func copyFirst(_ wanted: Int, to target: UnsafeMutableRawBufferPointer) {
        var copied = 0
        var index = first
        var skipped = offset
        while copied < wanted, index < pieces.count {
            pieces[index].bytes.withUnsafeBytes { piece in
                let part = piece.dropFirst(skipped).prefix(wanted - copied)
                UnsafeMutableRawBufferPointer(rebasing: target[copied...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
                copied += part.count
            }
            skipped = 0
            index += 1
        }
    }

    /// Removes the first bytes.
    func removeFirst(_ taken: Int) {
        var left = taken
        count -= taken
        while left > 0 {
            let inPiece = pieces[first].bytes.count - offset
            if left < inPiece {
                offset += left
                return dropDeadPieces()
            }
            left -= inPiece
            recycleFirst()
        }
        if count == 0 {
            pieces.removeAll(keepingCapacity: true)
            first = 0
        }
        dropDeadPieces()
    }

    private func recycleFirst() {
        if pieces[first].isOwn, spare.capacity == 0,
            pieces[first].bytes.capacity <= Self.spareLimit
        {
            swap(&spare, &pieces[first].bytes)
            spare.removeAll(keepingCapacity: true)
        } else {
            pieces[first].bytes = []
        }
        first += 1
        offset = 0
    }

    /// Keeps the list of pieces from growing without end when it is never quite empty.
    private func dropDeadPieces() {
        guard first >= Self.gatherLimit else { return }
        pieces.removeFirst(first)
        first = 0
    }

    /// Removes all bytes.
    func removeAll() {
        count = 0
        offset = 0
        first = 0
        pieces.removeAll(keepingCapacity: pieces.count <= Self.gatherLimit)
    }
}
