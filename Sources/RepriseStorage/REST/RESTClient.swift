import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Sends requests to the REST API that a store is reached by: each with a deadline, each answer
/// bounded in size, and none while the API wants to be left alone.
///
/// A request goes on when its caller is cancelled, to its own deadline: a write has to, and a read
/// that were cut short would cost an HTTP/1.1 connection.
final class RESTClient: Sendable {
    /// What the API answered.
    struct Answer: Sendable {
        /// The HTTP status.
        var status: Int
        /// The fields of the head.
        var headers: HTTPHeaders
        /// The whole body.
        var body: ByteBuffer
    }

    /// What is asked of the API.
    struct Call: Sendable {
        /// The method.
        var method: HTTPMethod
        /// The URL, percent-encoded.
        var url: String
        /// What this request has beside the fields that all have.
        var headers: HTTPHeaders = [:]
        /// What is sent.
        var body: ByteBuffer?
        /// How many bytes of an answer are taken.
        var answerLimit: Int
        /// When an answer must be whole.
        var deadline: NIODeadline
    }

    private let client: HTTPClient
    private let service: String
    private let token: APIToken
    private let headers: HTTPHeaders
    private let clock: WallClock
    private let state = Mutex(State())

    private struct State {
        var pause = RequestPause()
        var isClosed = false
    }

    /// Makes a client of one API.
    ///
    /// - Parameters:
    ///   - client: Sends the requests; it must not follow redirects and is not shut down here.
    ///   - service: What the API is called in errors.
    ///   - token: Goes into the `Authorization` field.
    ///   - headers: What else every request has.
    init(
        client: HTTPClient, service: String, token: APIToken, headers: HTTPHeaders = [:],
        clock: WallClock
    ) {
        self.client = client
        self.service = service
        self.token = token
        self.clock = clock
        var headers = headers
        headers.add(name: "authorization", value: "Bearer \(token.secret)")
        headers.add(name: "user-agent", value: "reprise")
        self.headers = headers
    }

    /// Refuses all later calls.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Sends a request and waits for the whole answer, whatever its status, but for 429.
    ///
    /// - Returns: The answer; nil when it is larger than allowed.
    /// - Throws: ``StoreError/cancelled`` as soon as the caller is cancelled, if `endsEarly`;
    ///   ``StoreError/timedOut``; else ``StoreError/unavailable(_:)``.
    func answer(to call: Call, endsEarly: Bool) async throws(StoreError) -> Answer? {
        try checkOpen()
        let result = OneAnswer<Answer?>()
        send(call, result)
        return try await settle(endsEarly ? result.takeUnlessCancelled() : result.take())
    }

    private func checkOpen() throws(StoreError) {
        let now = clock.now()
        let (isClosed, left) = state.withLock { state in
            (state.isClosed, state.pause.milliseconds(now: now))
        }
        if isClosed { throw .unavailable("the store is closed") }
        if left > 0 { throw .unavailable("\(service) wants no requests for \(left) ms (429)") }
    }

    private func send(_ call: Call, _ result: OneAnswer<Answer?>) {
        var headers = headers
        headers.add(contentsOf: call.headers)
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: call.url, method: call.method, headers: headers,
                body: call.body.map { .byteBuffer($0) })
        } catch {
            result.give(.failure(.unavailable("\(service): the URL cannot be used")))
            return
        }
        // On one loop: between two, AsyncHTTPClient may give back a connection that has been closed
        // meanwhile, when an answer comes before its request was sent whole, and then it traps.
        client.execute(
            request: request,
            delegate: ResponseAccumulator(request: request, maxBodySize: call.answerLimit),
            eventLoop: .delegateAndChannel(on: client.eventLoopGroup.any()),
            deadline: call.deadline
        ).futureResult.whenComplete { [service, token] outcome in
            switch outcome {
            case .success(let response):
                result.give(.success(Answer(response, hiding: token)))
            case .failure(is ResponseAccumulator.ResponseTooBigError):
                result.give(.success(nil))
            case .failure(let error):
                result.give(.failure(StoreError(calling: service, error)))
            }
        }
    }

    /// Takes note of an API that wants to be left alone (RFC 6585 §4).
    private func settle(_ answer: Answer?) throws(StoreError) -> Answer? {
        guard let answer, answer.status == 429 else { return answer }
        let wait = RequestPause.wait(retryAfter: answer.headers.first(name: "retry-after"))
        let now = clock.now()
        state.withLock { $0.pause.begin(milliseconds: wait, now: now) }
        throw .unavailable("\(service) limits the rate of requests (429), next one in \(wait) ms")
    }
}

extension RESTClient.Answer {
    /// Takes an answer over. The body of one that is no success is dropped when it is larger than an
    /// error is, or quotes the token: errors end up in the log.
    fileprivate init(_ response: HTTPClient.Response, hiding token: APIToken) {
        status = Int(response.status.code)
        headers = response.headers
        body = response.body ?? ByteBuffer()
        guard status != 200 else { return }
        if body.readableBytes > 1 << 16 || String(buffer: body).contains(token.secret) {
            body = ByteBuffer()
        }
    }
}

extension StoreError {
    /// What it means that a request got no answer.
    fileprivate init(calling service: String, _ error: any Error) {
        switch error {
        case let error as HTTPClientError:
            let timeouts: [HTTPClientError] = [
                .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded,
                .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout,
                .socksHandshakeTimeout,
            ]
            self =
                timeouts.contains(error)
                ? .timedOut : .unavailable("\(service): \(error.shortDescription)")
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { PeerText.line("\($0.error)") }
            self = .unavailable(
                "\(service): cannot connect to \(error.host):\(error.port)"
                    + (reason.map { ": \($0)" } ?? ""))
        default:
            self = .unavailable("\(service): \(PeerText.line("\(error)"))")
        }
    }
}
