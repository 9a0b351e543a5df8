internal import RepriseNetwork
internal import Synchronization

/// What a request to a store's REST API is made of.
struct RESTCall: Sendable {
    /// The method.
    var method: String
    /// What follows the API's address, percent-encoded.
    var path: String
    /// What this request has beside the fields that all have.
    var fields: [(name: String, value: String)] = []
    /// What is sent.
    var body: [UInt8]?
    /// How many bytes of an answer are taken.
    var answerLimit: Int
    /// How long the whole answer may take.
    var limit: Duration
}

/// What a REST API answered.
struct RESTAnswer: Sendable {
    /// The HTTP status.
    var status: Int
    /// The fields of the head.
    var fields: HeadFields
    /// The whole body.
    var body: [UInt8]

    /// The value of a field, if it is UTF-8.
    func text(of field: StaticString) -> String? {
        fields.first(named: field).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// What sends requests to the REST API that a store is reached by: each with a deadline, each answer
/// bounded in size, and none while the API wants to be left alone.
///
/// A request goes on when its caller gives it up, to its own deadline: a write has to, and a read
/// that were cut short would cost a connection.
final class RESTClient: Sendable {
    /// Told what came of a request; nil when the answer is larger than allowed. Called once on the
    /// loop, in a later turn.
    typealias Completion = (Result<RESTAnswer?, StoreError>) -> Void

    private let loops: [RESTLoop]
    private let service: String
    private let base: APIBaseURL
    private let token: APIToken
    private let fields: [(name: String, value: String)]
    private let state = Mutex(State())

    private struct State {
        var pause = RequestPause()
        var isClosed = false
    }

    /// Makes a client of one API.
    ///
    /// - Parameters:
    ///   - network: The loops that requests come from.
    ///   - makeClient: Makes the HTTP client of a loop, on its thread.
    ///   - service: What the API is called in errors.
    ///   - token: Goes into the `Authorization` field.
    ///   - fields: What else every request has.
    init(
        network: any Network, makeClient: @escaping @Sendable (any EventLoop) -> HTTPClient,
        service: String, base: APIBaseURL, token: APIToken,
        fields: [(name: String, value: String)] = []
    ) {
        loops = network.loops.map { RESTLoop($0, makeClient: makeClient) }
        self.service = service
        self.base = base
        self.token = token
        self.fields =
            fields + [
                (name: "authorization", value: "Bearer \(token.secret)"),
                (name: "user-agent", value: "reprise"),
            ]
    }

    /// The loop for what no loop waits for.
    var writingLoop: any EventLoop { loops[0].loop }

    /// Refuses all later calls, and closes the connections.
    func close(_ completion: @escaping @Sendable () -> Void) {
        state.withLock { $0.isClosed = true }
        let countdown = Countdown(loops.count, completion)
        for place in loops {
            place.loop.post {
                place.shutDown()
                countdown.step()
            }
        }
    }

    /// Sends a request, on a loop of the network.
    func send(_ call: RESTCall, on loop: any EventLoop, _ completion: @escaping Completion) {
        guard let place = loops.first(where: { $0.loop === loop }) else {
            return fail(.unavailable("the store does not know this loop"), on: loop, completion)
        }
        let now = loop.wallClock
        let (isClosed, left) = state.withLock { state in
            (state.isClosed, state.pause.milliseconds(now: now))
        }
        if isClosed { return fail(.unavailable("the store is closed"), on: loop, completion) }
        if left > 0 {
            let error = StoreError.unavailable(
                "\(service) wants no requests for \(left) ms (429)")
            return fail(error, on: loop, completion)
        }
        let request = ClientRequest(
            origin: base.origin, method: Array(call.method.utf8),
            target: Array((base.path + call.path).utf8),
            fields: (fields + call.fields).map {
                (name: Array($0.name.utf8), value: Array($0.value.utf8))
            },
            body: call.body.map { .bytes($0) } ?? .none)
        let exchange = RESTExchange(limit: call.answerLimit, service: service) { [self] result in
            completion(result.flatMap { settle($0, now: loop.wallClock) })
        }
        exchange.begin(request, by: place.client, within: call.limit)
    }

    private func fail(
        _ error: StoreError, on loop: any EventLoop, _ completion: @escaping Completion
    ) {
        _ = loop.schedule(after: .zero) { completion(.failure(error)) }
    }

    /// Takes note of an API that wants to be left alone (RFC 6585 §4), and drops the body of an
    /// error that is larger than one is, or quotes the token: errors end up in the log.
    private func settle(_ answer: RESTAnswer?, now: Int64) -> Result<RESTAnswer?, StoreError> {
        guard var answer, answer.status != 200 else { return .success(answer) }
        if answer.body.count > 1 << 16
            || String(decoding: answer.body, as: UTF8.self).contains(token.secret)
        {
            answer.body = []
        }
        guard answer.status == 429 else { return .success(answer) }
        let wait = RequestPause.wait(retryAfter: answer.text(of: "retry-after"))
        state.withLock { $0.pause.begin(milliseconds: wait, now: now) }
        return .failure(
            .unavailable("\(service) limits the rate of requests (429), next one in \(wait) ms"))
    }
}

/// The HTTP client of one loop, made when it is first used.
///
/// `@unchecked Sendable` because the client is made and used on the loop alone, which each entry
/// checks.
private final class RESTLoop: @unchecked Sendable {
    let loop: any EventLoop
    private let makeClient: @Sendable (any EventLoop) -> HTTPClient
    private var made: HTTPClient?

    init(_ loop: any EventLoop, makeClient: @escaping @Sendable (any EventLoop) -> HTTPClient) {
        self.loop = loop
        self.makeClient = makeClient
    }

    var client: HTTPClient {
        precondition(loop.isCurrent, "a client is used on its loop")
        if let made { return made }
        let client = makeClient(loop)
        made = client
        return client
    }

    func shutDown() {
        precondition(loop.isCurrent, "a client is used on its loop")
        made?.shutDown()
    }
}
