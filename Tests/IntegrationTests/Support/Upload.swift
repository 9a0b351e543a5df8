import NIOCore
import Synchronization

/// A request body that is made as it is asked for, and counts how often it is.
struct Upload: AsyncSequence, Sendable {
    /// How many pieces have been asked for.
    final class Progress: Sendable {
        private let taken = Atomic(0)

        /// The number so far.
        var count: Int { taken.load(ordering: .sequentiallyConsistent) }

        fileprivate func take() {
            taken.add(1, ordering: .sequentiallyConsistent)
        }
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var left: Int
        fileprivate let upload: Upload

        mutating func next() async -> ByteBuffer? {
            if left == 0 { return nil }
            left -= 1
            upload.progress.take()
            return upload.piece
        }
    }

    /// How many pieces it has.
    let count: Int
    /// Each of them.
    let piece: ByteBuffer
    /// How far it has come.
    let progress = Progress()

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(left: count, upload: self)
    }
}
