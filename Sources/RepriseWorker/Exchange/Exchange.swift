import RepriseCore

/// The life of one request: what happens goes in, what JavaScript is to do next comes out.
///
/// It does no I/O and does not hash; the decisions are the core's. An event that cannot come now gives
/// ``Step/done``.
///
/// ```
/// begin ─ readBody ─ hash(key) ─ load ─ hash(entry) ─ respond                  a hit
///      └─ forward        └──────────┴───────┴─ forward ─ stream/collect ─ hash(body) ─ save
/// ```
final class Exchange {
    /// What is awaited.
    enum Phase {
        /// The request's body.
        case requestBody
        /// The digests of key material and credential scope.
        case keyDigests
        /// What the store holds.
        case storedText
        /// The digest of a stored body.
        case entryDigest
        /// The head of the upstream's response.
        case responseHead
        /// Its body.
        case responseBody
        /// The digest of a whole response.
        case bodyDigest
        /// That the entry is asked for.
        case entry
        /// Nothing: the request is over.
        case over
    }

    /// What the variables say.
    let settings: WorkerSettings
    /// The request, below the upstream's base.
    let head: RequestHead
    /// Index into ``WorkerSettings/upstreams``.
    let upstream: Int
    /// What the client asks of the cache.
    let directives: Directives
    /// What is awaited now.
    var phase = Phase.over
    /// What is to be done beside the next step.
    var flags: StepFlags = []

    // Once the body has been judged.
    var cacheable: CacheableRequest?
    var bypassReason: BypassReason?
    // Once the key has been hashed.
    var key: CacheKey?
    var credentialScope: [UInt8] = []
    // Once the store has been asked.
    var loaded: StoredResponse?
    var stale: StaleResponse?
    var forwardReason = ForwardReason.uriMiss
    var forwardDetail: CacheStatus.Detail?
    // Once the upstream has answered.
    var recording: Recording?
    var response: ResponseHead?
    var isCollecting = false
    // Once the response has been hashed.
    var storing: Storing?

    /// What an entry says of a response that is whole.
    struct Storing {
        /// When it was whole, in milliseconds since the epoch.
        var at: Int64
        /// SHA-256 of the body.
        var digest: [UInt8]
        /// What it cost, where the upstream said so.
        var usage: Usage?
    }

    /// An entry that was read from the store.
    struct StoredResponse {
        /// What the entry says of it.
        var metadata: EntryMetadata
        /// Its body, proven to be what was stored once its digest was compared.
        var body: [UInt8]
    }

    /// A response that may stand in when the upstream fails, and its `ttl`.
    struct StaleResponse {
        /// The response.
        var stored: StoredResponse
        /// Its freshness in seconds, negative.
        var ttl: Int64
    }

    /// Makes an exchange that nothing has happened in.
    init(
        settings: WorkerSettings, head: RequestHead, upstream: Int, directives: Directives
    ) {
        self.settings = settings
        self.head = head
        self.upstream = upstream
        self.directives = directives
    }

    /// Whether the response may be stored, and so nothing in it may depend on the client.
    var isCacheable: Bool { cacheable != nil }

    /// What `Cache-Status` says of a request that went upstream.
    func status(stored: Bool = false, detail: CacheStatus.Detail? = nil) -> CacheStatus {
        if let bypassReason { return .bypass(bypassReason) }
        return .forward(forwardReason, stored: stored, detail: forwardDetail ?? detail)
    }

    /// Sends the request on.
    func forward(_ body: Step.MessageBody) -> Step {
        phase = .responseHead
        var url = settings.upstreams[upstream] + head.path
        if let query = head.query { url += [UInt8(ascii: "?")] + query }
        let headers = HeaderPolicy.toUpstream(head.headers, cacheable: isCacheable)
        return .forward(
            Step.Message(url: url, method: head.method, headers: EdgeFields.removed(from: headers)),
            body)
    }

    /// Passes the request on without the cache.
    func bypass(_ reason: BypassReason, _ body: Step.MessageBody) -> Step {
        bypassReason = reason
        if directives.onlyIfCached {
            phase = .over
            return OwnError.notCached.step(.bypass(reason))
        }
        return forward(body)
    }
}
