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
        case requestBody
        case keyDigests
        case storedText
        case entryDigest
        case responseHead
        case responseBody
        case bodyDigest
        case entry
        case over
    }

    let settings: WorkerSettings
    let head: RequestHead
    let upstream: Int
    let directives: Directives
    var phase = Phase.over
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
        var at: Int64
        var digest: [UInt8]
        var usage: Usage?
    }

    /// An entry that was read from the store.
    struct StoredResponse {
        var metadata: EntryMetadata
        var body: [UInt8]
    }

    /// A response that may stand in when the upstream fails, and its `ttl`.
    struct StaleResponse {
        var stored: StoredResponse
        var ttl: Int64
    }

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
