/// The life of one request: what happens goes in, what is to be done next comes out.
///
/// It does no I/O, reads no clock and does not hash; the native server and the Worker drive the same
/// exchange and decide nothing themselves. The chart:
///
/// ```
/// received ──────────────────────────────► done            a route of our own, an error
///    │ └► fetching (bypass by the head)
///    ▼ readBody
/// reading ───────────────────────────────► done            a body that broke off
///    │ └► fetching (bypass by the body)
///    ▼ digest
/// keying ─► fetching (the client wants a fresh response)
///    ▼ lookUp
/// lookingUp ─────────────────────────────► done            hit, or only-if-cached
///    ▼ fetch
/// fetching ──────────────────────────────► done            no response: an error, or a stale one
///    │ ▼ hold
///    │ holding ──────────────────────────► done            a document, whole
///    ▼ ▼ deliver
/// delivering ────────────────────────────► done            finished, or cut
/// ```
///
/// An event that cannot come in a state gives ``ExchangeStep/wait`` and changes nothing.
public struct Exchange: Sendable {
    /// What is awaited.
    public enum State: Equatable, Sendable {
        /// Nothing has happened yet.
        case received
        /// The request's body.
        case reading
        /// The digests of the key material and of the credentials.
        case keying
        /// What is stored under the key.
        case lookingUp
        /// The head of the upstream's response.
        case fetching
        /// The end of a document that is waited for whole.
        case holding
        /// The rest of a response that has begun.
        case delivering
        /// Nothing: the exchange is over, and ``Exchange/record`` is final.
        case done
    }

    /// What is awaited now.
    public internal(set) var state = State.received
    /// What has happened so far.
    public internal(set) var record = ExchangeRecord()
    /// What the client asks of the cache.
    public internal(set) var directives = Directives()

    /// The request below the upstream's base; its header fields are let go when they were forwarded.
    var head: RequestHead
    var settings: ExchangeSettings
    var upstream = 0
    var declaredLength: Int64?
    // Once the body has been judged.
    var cacheable: CacheableRequest?
    var bypassReason: BypassReason?
    // Once the store has been asked.
    var stale: StaleResponse?
    var forwardReason = ForwardReason.uriMiss
    var forwardDetail: CacheStatus.Detail?
    var credentialScope: [UInt8] = []
    // Once the upstream is asked.
    var isCollapsed = false
    var response: ResponseHead?

    /// A stored response that may stand in when the upstream fails, and its `ttl`, negative.
    struct StaleResponse: Sendable {
        var metadata: EntryMetadata
        var ttl: Int64
    }

    /// Makes an exchange in which nothing has happened.
    public init(settings: ExchangeSettings) {
        self.settings = settings
        head = RequestHead(method: [], path: [], query: nil, headers: [])
    }

    /// Whether others may be given the same response, so that nothing in it may depend on the
    /// client.
    var isCacheable: Bool { cacheable != nil }

    /// What `Cache-Status` says of a request that went upstream.
    func status(stored: Bool = false, detail: CacheStatus.Detail? = nil) -> CacheStatus {
        if let bypassReason { return .bypass(bypassReason) }
        return .forward(
            forwardReason, stored: stored && !isCollapsed, collapsed: isCollapsed,
            detail: forwardDetail ?? detail)
    }

    /// Ends the exchange with a response of the proxy's own.
    mutating func fail(_ error: ProxyError, _ cacheStatus: CacheStatus? = nil) -> ExchangeStep {
        state = .done
        stale = nil
        record.outcome = .error
        record.reason = error.code
        record.status = error.status
        return .respond(error.response(cacheStatus))
    }

    /// Ends the exchange with a stored response.
    mutating func replay(
        _ metadata: EntryMetadata, _ status: CacheStatus, now: Int64
    ) -> ExchangeStep {
        state = .done
        stale = nil
        record.outcome = .hit
        record.status = metadata.status
        if case .hit(_, let detail?) = status { record.reason = detail.token }
        return .respond(
            WholeResponse(head: ResponseHeads.stored(metadata, status, now: now), body: .stored))
    }
}
