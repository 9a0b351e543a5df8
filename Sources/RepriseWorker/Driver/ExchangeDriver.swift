import RepriseCore

/// The Worker's driver of one ``Exchange``: says what JavaScript is to do for each step, and decides
/// nothing.
///
/// JavaScript reads, hashes and sends; the driver reads and writes entries, and records the response.
/// An event that cannot come now gives ``Step/done``.
///
/// ```
/// begin ─ readBody ─ hash(key) ─ load ─ hash(entry) ─ respond                  a hit
///      └─ forward        └──────────┴───────┴─ forward ─ stream/collect ─ hash(body) ─ save
/// ```
final class ExchangeDriver {
    /// What is to be done beside the next step.
    var flags: StepFlags = []

    private let settings: ExchangeSettings
    private var exchange: Exchange
    private var awaited = AwaitedDigests.none
    /// What was asked of the upstream; nil before, and once its response is over.
    private var fetch: Fetch?
    private var response: LiveResponse?
    private var finished: FinishedResponse?

    /// What the digests that come next are of.
    private enum AwaitedDigests {
        case none
        /// The key material and the credentials.
        case key
        /// The body of an entry that was loaded.
        case entry(EntryMetadata)
        /// The body of the upstream's response, and what it cost.
        case response(Usage?)
    }

    /// A response that is to be stored.
    private struct FinishedResponse {
        var key: CacheKey
        var metadata: EntryMetadata
        var body: [UInt8]
    }

    /// Makes the driver of a request to which nothing has happened.
    init(settings: ExchangeSettings) {
        self.settings = settings
        exchange = Exchange(settings: settings)
    }

    /// Whether the request has been answered.
    var isOver: Bool { exchange.state == .done }

    // MARK: The request

    /// The request's head is here.
    ///
    /// - Parameter usesCache: Whether there is a store, and the core has not failed on this request.
    func begin(_ request: ArrivedRequest, usesCache: Bool) -> Step {
        perform(
            exchange.began(
                request, routes: RouteTable(names: settings.names), usesCache: usesCache))
    }

    /// The request's body is here.
    func receive(requestBody body: Span<UInt8>) -> Step {
        perform(exchange.bodyRead(body))
    }

    /// The request's body is longer than the limit.
    func requestBodyTooLong() -> Step { perform(exchange.bodyTooLong()) }

    /// The request's body broke off.
    func requestBodyBroken() -> Step { perform(exchange.bodyBroken()) }

    /// Digests that were asked for are here.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    func receive(digests: Span<UInt8>, now: Int64) -> Step {
        let awaited = awaited
        self.awaited = .none
        switch awaited {
        case .none:
            return .done
        case .key:
            guard digests.count == 2 * CacheKey.length,
                let key = CacheKey(digest: digests.extracting(0..<CacheKey.length))
            else { return .done }
            let scope = digests.extracting(CacheKey.length..<digests.count)
            return perform(exchange.digested(key: key, credentialScope: Array(copying: scope)))
        case .entry(let metadata):
            guard Array(copying: digests) == metadata.bodyDigest else { return damaged() }
            return perform(exchange.lookedUp(metadata, now: now))
        case .response(let usage):
            guard digests.count == CacheKey.length else { return .done }
            return store(digest: Array(copying: digests), usage, now: now)
        }
    }

    // MARK: The store

    /// The store has answered; nil: with nothing, or not at all.
    func receive(storedText text: Span<UInt8>?) -> Step {
        guard exchange.state == .lookingUp, case .none = awaited else { return .done }
        guard let text else { return perform(exchange.lookedUp(nil, now: 0)) }
        do throws(EntryError) {
            let (metadata, body) = try EntryCodec.decode(text)
            awaited = .entry(metadata)
            return .hash([body])
        } catch {
            return damaged()
        }
    }

    /// An entry that is not what was stored is a miss, and is removed.
    private func damaged() -> Step {
        flags.insert(.removesEntry)
        return perform(exchange.lookedUp(nil, now: 0))
    }

    /// The entry, to be stored.
    func entry() -> Step {
        guard let finished else { return .done }
        self.finished = nil
        let metadata = finished.metadata
        let until = Freshness.retainedUntil(storedAt: metadata.storedAt, ttl: metadata.ttl)
        return .save(
            name: finished.key.storeName,
            text: EntryCodec.encode(metadata, body: finished.body.span),
            milliseconds: until.map { $0 - metadata.storedAt })
    }

    // MARK: The response

    /// The upstream gave no response.
    func fail(_ failure: FetchFailure, now: Int64) -> Step {
        endResponse()
        return perform(exchange.responseFailed(failure, now: now))
    }

    /// The head of the upstream's response is here.
    func receive(_ head: ResponseHead, now: Int64) -> Step {
        guard exchange.state == .fetching, let fetch else { return .done }
        let step = exchange.responseBegan(head, now: now)
        guard exchange.state != .done else { return perform(step) }
        var recorder: ResponseRecorder?
        if fetch.sharing?.storing != nil {
            recorder = ResponseRecorder(fetch, head: head, settings: settings, now: now)
        }
        response = LiveResponse(head: head, recorder: recorder)
        return perform(step)
    }

    /// The next bytes of the response are here.
    func receive(chunk: Span<UInt8>, now: Int64) -> Step {
        guard response != nil else { return .done }
        guard isRecorded else { return .proceed(isRecorded: false) }
        // In place: a second name for the response would copy its body for each chunk.
        guard let rejection = response?.record(chunk, now: now) else {
            return .proceed(isRecorded: true)
        }
        let soFar = response?.dropBody() ?? []
        if case .deliver(let head) = exchange.holdEnded(rejection) {
            return .stream(head, soFar: soFar, isRecorded: false)
        }
        return .proceed(isRecorded: false)
    }

    /// The client has left: a response that may be stored has been paid for, and is finished.
    func clientLeft() -> Step {
        exchange.clientLeft()
        if !settings.finishesAlone { response?.recorder = nil }
        return .proceed(isRecorded: isRecorded)
    }

    /// The response is over.
    ///
    /// - Parameter isClean: Whether it ended, rather than broke off.
    func responseEnded(isClean: Bool, now: Int64) -> Step {
        guard let response, case .none = awaited else { return .done }
        guard isClean else { return fail(.connectionLost, now: now) }
        guard let recorder = response.recorder else {
            endResponse()
            return perform(exchange.responseEnded(length: 0, .notAsked))
        }
        let isFramed = response.isFramed(endpoint: fetch?.sharing?.request.endpoint)
        switch recorder.verdict(body: response.body.span, framingComplete: isFramed) {
        case .success(let usage):
            awaited = .response(usage)
            return .hash([response.body])
        case .failure(let rejection):
            endResponse()
            return perform(
                exchange.responseEnded(length: recorder.length, .rejected(rejection)),
                body: .inline(response.body))
        }
    }

    /// A response that is whole and proven complete is stored.
    private func store(digest: [UInt8], _ usage: Usage?, now: Int64) -> Step {
        guard let response, let recorder = response.recorder, let sharing = fetch?.sharing,
            let terms = sharing.storing
        else { return .done }
        endResponse()
        finished = FinishedResponse(
            key: sharing.key,
            metadata: recorder.metadata(digest: digest, usage: usage, terms: terms, now: now),
            body: response.body)
        flags.insert(.hasEntry)
        return perform(exchange.responseEnded(length: recorder.length, .stored))
    }

    private func endResponse() {
        response = nil
        fetch = nil
    }

    private var isRecorded: Bool { response?.isRecorded == true }

    // MARK: Steps

    /// What JavaScript is to do for a step of the exchange.
    ///
    /// - Parameter body: Where the body of a response is that is delivered whole.
    private func perform(_ step: ExchangeStep, body: Step.Body = .hashed) -> Step {
        switch step {
        case .readBody(let limit):
            return .readBody(limit: limit)
        case .digest(let keyMaterial, let credentialScope):
            awaited = .key
            return .hash([keyMaterial, credentialScope])
        case .lookUp(let key):
            return .load(key.storeName)
        case .fetch(let fetch):
            return ask(fetch)
        case .respond(let response):
            return .respond(response)
        case .hold:
            return .collect
        case .deliver(let head):
            return .stream(head, soFar: [], isRecorded: isRecorded)
        case .deliverWhole(let head):
            return .respond(head, body)
        case .finish, .cut, .wait:
            return .done
        }
    }

    private func ask(_ fetch: Fetch) -> Step {
        var url = settings.upstreams[fetch.upstream] + fetch.path
        if let query = fetch.query { url += [UInt8(ascii: "?")] + query }
        let message = Step.Message(
            url: url, method: fetch.method, headers: EdgeFields.removed(from: fetch.headers))
        self.fetch = fetch
        // They are as good as sent, and a stream may last for minutes.
        self.fetch?.headers = []
        exchange.fetching(isCollapsed: false)
        return .forward(message, fetch.body)
    }
}
