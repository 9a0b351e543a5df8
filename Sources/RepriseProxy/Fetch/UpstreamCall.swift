import RepriseCore
import RepriseCrypto
import RepriseNetwork
import RepriseStorage

/// The upstream call of one ``SharedFetch``: gives it what comes, records what may be stored, and
/// stores what is whole.
///
/// Bound to its loop, and kept by the client's call until it is over.
final class UpstreamCall {
    private let fetch: SharedFetch
    private let proxy: ProxyLoop
    private var request: Fetch
    private var call: ClientCall?
    /// Until it is known whether another server makes the call.
    private var wait: LeaseWait?
    /// Held for this call, so that other servers wait for its response.
    private var lease: FetchLease?
    private var upload: (wanted: () -> Void, drained: () -> Void)?

    private var recorder: ResponseRecorder?
    private var digest: SHA256?

    /// Makes a call that is not sent yet.
    init(_ request: Fetch, _ fetch: SharedFetch, _ proxy: ProxyLoop) {
        self.request = request
        self.fetch = fetch
        self.proxy = proxy
    }

    // MARK: The request

    /// Sends the request unless another server makes the same call, whose response is taken then.
    ///
    /// - Parameters:
    ///   - body: All of the request's body.
    ///   - accepts: Whether a stored response answers the request.
    func waitForLease(
        of key: CacheKey, body: [UInt8], accepts: @escaping (StoredResponse, Int64) -> Bool
    ) {
        fetch.setWaiting(true)
        let wait = LeaseWait(
            for: key, store: proxy.proxy.store, on: proxy.loop, accepts: accepts
        ) { [self] decision in
            self.wait = nil
            switch decision {
            case .replay(let response):
                replay(response)
            case .call(let lease):
                self.lease = lease
                lease.keep()
                fetch.setWaiting(false)
                send(body: body)
            }
        }
        self.wait = wait
        // In a turn of its own, for its answer may be at hand and the request's exchange is not
        // ready for it yet.
        _ = proxy.loop.schedule(after: .zero) { [self] in
            if self.wait === wait { wait.begin() }
        }
    }

    /// Gives readers what another server has stored.
    private func replay(_ response: StoredResponse) {
        fetch.answeredElsewhere()
        fetch.began(
            ResponseHead(status: response.metadata.status, headers: response.metadata.headers),
            expectedLength: response.body.count)
        let body = response.body
        _ = fetch.receive(body.span)
        end(.complete(.stored))
    }

    /// Sends the request.
    ///
    /// - Parameter body: What was read of it; a body that was not read is written as it comes.
    func send(body: [UInt8]) {
        let upstream = proxy.proxy.upstreams[request.upstream]
        let message = ClientRequest(
            origin: upstream.origin, method: request.method, target: upstream.target(of: request),
            fields: request.headers.map { (name: $0.name, value: $0.value) },
            body: clientBody(body))
        // A stream may last for minutes: what was sent is of no more use.
        request.headers = []
        call = proxy.client.send(message, handler: self)
    }

    private func clientBody(_ body: [UInt8]) -> ClientRequest.Body {
        switch request.body {
        case .none: .none
        case .read: .bytes(body)
        case .unread: .stream(length: request.declaredLength)
        }
    }

    /// Writes the next bytes of a body that was not read before.
    func write(_ bytes: Span<UInt8>) { call?.write(bytes) }

    /// Ends the body.
    func finishBody() { call?.finishBody() }

    /// Bytes of the body that the upstream has not taken.
    var unsentByteCount: Int { call?.unsentByteCount ?? 0 }

    /// Sets what is called when a body may be written, and each time that the upstream has taken what
    /// was written of it.
    func setUpload(wanted: @escaping () -> Void, drained: @escaping () -> Void) {
        upload = (wanted, drained)
    }

    // MARK: The response

    /// Reads the response again.
    func resume() { call?.resumeReading() }

    /// Gives the call up.
    func cancel() {
        guard call != nil || wait != nil else { return }
        call?.cancel()
        wait?.cancel()
        end(.failed(.cancelled))
    }

    /// Ends a call that was not begun.
    func refuse() { end(.failed(.cancelled)) }

    private func end(_ outcome: FetchOutcome) {
        call = nil
        wait = nil
        recorder = nil
        digest = nil
        upload = nil
        // Out of the table before readers see the end: who asks after that finds either the entry or
        // nothing, never a call that is over.
        proxy.proxy.fetches.remove(fetch)
        fetch.end(outcome)
        proxy.proxy.callEnded(fetch)
        if case .complete(.stored) = outcome { lease?.endWhenWritten() } else { lease?.end() }
        lease = nil
    }

    /// Judges a response that has come to its end, and stores it if it may be.
    private func store(isProven: Bool) -> StoringResult {
        guard let recorder, let key = fetch.key else { return .notAsked }
        guard let body = fetch.keptBody else { return .rejected(.tooLarge) }
        let usage: Usage?
        switch recorder.verdict(body: body.span, framingComplete: isProven) {
        case .failure(let rejection): return .rejected(rejection)
        case .success(let found): usage = found
        }
        guard let terms = fetch.terms else { return .notAsked }
        let metadata = recorder.metadata(
            digest: digest?.finish() ?? [], usage: usage, terms: terms, now: proxy.now)
        proxy.proxy.store.commit(key, StoredResponse(metadata: metadata, body: body))
        return .stored
    }
}

extension UpstreamCall: ClientResponseHandler {
    func responseHead(_ head: HTTP1ResponseHead) {
        let response = ResponseHead(
            status: Int32(head.status), headers: head.fields.headerFields)
        recorder = ResponseRecorder(
            request, head: response, settings: proxy.settings, now: proxy.now)
        if let recorder {
            if recorder.rejection == nil { digest = SHA256() } else { fetch.setStorable(false) }
        }
        var length: Int?
        if case .length(let declared) = head.framing { length = Int(clamping: declared) }
        fetch.began(response, expectedLength: length)
    }

    func responseBody(_ bytes: Span<UInt8>) {
        // Passed on first, judged afterwards.
        if !fetch.receive(bytes) { call?.pauseReading() }
        guard recorder?.rejection == nil, digest != nil else { return }
        recorder?.consume(bytes, now: proxy.now)
        if recorder?.rejection == nil {
            digest?.update(bytes)
        } else {
            digest = nil
            fetch.setStorable(false)
        }
    }

    func responseEnded(_ end: ResponseEnd) {
        self.end(.complete(store(isProven: end == .framed)))
    }

    func callFailed(_ error: ClientError) {
        end(.failed(FetchFailure(error)))
    }

    func requestBodyWanted() { upload?.wanted() }

    func requestBodyDrained() { upload?.drained() }
}
