internal import RepriseNetwork

/// One request to a REST API, until its answer is whole, too large, or too late.
///
/// Bound to its loop.
final class RESTExchange: ClientResponseHandler {
    private let limit: Int
    private let service: String
    /// nil once over.
    private var completion: RESTClient.Completion?
    private var call: ClientCall?
    private var deadline: (any LoopTimer)?
    private var answer: RESTAnswer?

    /// Makes a request that is not sent.
    ///
    /// - Parameter limit: How many bytes of a body are taken.
    init(limit: Int, service: String, _ completion: @escaping RESTClient.Completion) {
        self.limit = limit
        self.service = service
        self.completion = completion
    }

    /// Sends the request.
    func begin(_ request: ClientRequest, by client: HTTPClient, within time: Duration) {
        deadline = client.loop.schedule(after: time) { [self] in
            call?.cancel()
            finish(.failure(.timedOut))
        }
        call = client.send(request, handler: self)
    }

    private func finish(_ result: Result<RESTAnswer?, StoreError>) {
        guard let completion else { return }
        self.completion = nil
        deadline?.cancel()
        deadline = nil
        call = nil
        completion(result)
    }

    func responseHead(_ head: HTTP1ResponseHead) {
        answer = RESTAnswer(status: head.status, fields: head.fields, body: [])
    }

    func responseBody(_ bytes: Span<UInt8>) {
        guard let count = answer?.body.count, completion != nil else { return }
        guard bytes.count <= limit - count else {
            call?.cancel()
            return finish(.success(nil))
        }
        bytes.withUnsafeBufferPointer { answer?.body.append(contentsOf: $0) }
    }

    func responseEnded(_ end: ResponseEnd) { finish(.success(answer)) }

    func callFailed(_ error: ClientError) {
        finish(.failure(StoreError(calling: service, error)))
    }
}

extension StoreError {
    /// What it means that a request got no answer.
    fileprivate init(calling service: String, _ error: ClientError) {
        switch error {
        case .timedOut, .unreachable(_, _, .timedOut):
            self = .timedOut
        case .unreachable(let host, let port, let cause):
            self = .unavailable("\(service): \(host):\(port) \(RedisDialer.reason(cause))")
        case .malformedResponse:
            self = .unavailable("\(service): the answer is not HTTP")
        case .closedBeforeHead, .cut:
            self = .unavailable("\(service): the connection was lost")
        case .unsendable:
            self = .unavailable("\(service): the request cannot be sent")
        }
    }
}
