import Dispatch
import RepriseNetwork
import Synchronization

/// One answer as a client sees it.
struct DemonstrationAnswer: Sendable {
    var status = 0
    var cacheStatus = ""
    var body: [UInt8] = []
    /// From the sending of the request to the end of the response.
    var duration = Duration.zero
}

/// A client of one proxy that asks one thing after the other, and waits.
final class DemonstrationClient: Sendable {
    private let origin: Origin
    private let loop: any EventLoop
    private let client = Mutex<LoopBound<HTTPClient>?>(nil)

    /// Makes a client; on any thread but the loop's.
    init(of address: SocketAddress, on loop: any EventLoop) {
        origin = Origin(isSecure: false, host: address.host, port: address.port)
        self.loop = loop
    }

    /// Sends a JSON body and waits for the whole answer.
    func post(_ body: String, to target: String) throws(StartError) -> DemonstrationAnswer {
        let request = ClientRequest(
            origin: origin, method: Array("POST".utf8), target: Array(target.utf8),
            fields: [(Array("content-type".utf8), Array("application/json".utf8))],
            body: .bytes(Array(body.utf8)))
        let result = Mutex<Result<DemonstrationAnswer, ClientError>?>(nil)
        let done = DispatchSemaphore(value: 0)
        loop.post { [self] in
            let collector = AnswerCollector(begun: loop.now, on: loop) { answer in
                result.withLock { $0 = answer }
                done.signal()
            }
            clientOnLoop().send(request, handler: collector)
        }
        done.wait()
        do throws(ClientError) {
            return try result.withLock { $0 }?.get() ?? DemonstrationAnswer()
        } catch {
            throw StartError("the proxy cannot be asked: \(error)")
        }
    }

    /// Closes the connections.
    func shutDown() {
        loop.post { [self] in clientOnLoop().shutDown() }
    }

    private func clientOnLoop() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            let bound = LoopBound(
                HTTPClient(loop: loop, configuration: HTTPClient.Configuration()), on: loop)
            client = bound
            return bound
        }.value
    }
}

/// What collects one answer.
private final class AnswerCollector: ClientResponseHandler {
    private var answer = DemonstrationAnswer()
    private let begun: MonotonicTime
    private let loop: any EventLoop
    private let completion: (Result<DemonstrationAnswer, ClientError>) -> Void

    init(
        begun: MonotonicTime, on loop: any EventLoop,
        _ completion: @escaping (Result<DemonstrationAnswer, ClientError>) -> Void
    ) {
        self.begun = begun
        self.loop = loop
        self.completion = completion
    }

    func responseHead(_ head: HTTP1ResponseHead) {
        answer.status = head.status
        answer.cacheStatus = String(
            decoding: head.fields.first(named: "cache-status") ?? [], as: UTF8.self)
    }

    func responseBody(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { answer.body.append(contentsOf: $0) }
    }

    func responseEnded(_ end: ResponseEnd) {
        answer.duration = loop.now - begun
        completion(.success(answer))
    }

    func callFailed(_ error: ClientError) { completion(.failure(error)) }
}
