import NIOCore
import Synchronization

/// A request body that gives what it has and then ends, breaks off, or waits until it is cancelled.
final class UploadStream: AsyncSequence, Sendable {
    enum End: Sendable { case clean, broken, never }
    struct Broken: Error {}

    private let pieces: Mutex<[ByteBuffer]>
    private let end: End
    private let (waiting, continuation) = AsyncStream.makeStream(of: Never.self)

    init(_ pieces: [ByteBuffer], _ end: End = .clean) {
        self.pieces = Mutex(pieces)
        self.end = end
    }

    convenience init(_ pieces: String..., then end: End = .clean) {
        self.init(pieces.map { ByteBuffer(string: $0) }, end)
    }

    /// Whether all pieces have been taken.
    var isTaken: Bool { pieces.withLock { $0.isEmpty } }

    func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: UploadStream

        func next() async throws -> ByteBuffer? {
            let piece = stream.pieces.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let piece { return piece }
            switch stream.end {
            case .clean: return nil
            case .broken: throw Broken()
            case .never:
                for await _ in stream.waiting {}
                throw CancellationError()
            }
        }
    }
}
