import NIOCore
import RepriseCore
import RepriseStorage
import Synchronization

/// A store on an event loop that answers when a test says so.
final class AskedStore: EventLoopStore {
    let kind = "asked"
    private let questions = Mutex<[EventLoopPromise<ByteBuffer?>]>([])

    /// How many loads wait for an answer.
    var waiting: Int { questions.withLock(\.count) }

    func load(_ key: CacheKey, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?> {
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        questions.withLock { $0.append(promise) }
        return promise.futureResult
    }

    /// Answers the load that has waited longest.
    func answer(_ result: Result<ByteBuffer?, StoreError>) {
        let promise = questions.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        switch result {
        case .success(let text): promise?.succeed(text)
        case .failure(let error): promise?.fail(error)
        }
    }

    /// Answers with an entry.
    func answer(_ response: CachedResponse) {
        let body = Array(response.body.readableBytesView)
        let text = EntryCodec.encode(response.metadata, body: body.span)
        answer(.success(ByteBuffer(bytes: text)))
    }

    func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? { nil }
    func save(_ entries: [StoredEntry]) async throws(StoreError) {}
    func remove(_ keys: [CacheKey]) async throws(StoreError) {}
    func close() async {}
}
