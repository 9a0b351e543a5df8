import RepriseCore

/// Something that happens to an exchange, so that a life can be written as a list.
enum ExchangeEvent: Sendable {
    case began(ArrivedRequest, isReady: Bool = true, usesCache: Bool = true)
    case bodyRead(String)
    case planned(RequestPolicy.Plan)
    case bodyTooLong
    case bodyBroken
    case bodyRefused
    case digested
    case lookedUp(EntryMetadata?)
    case fetching(isCollapsed: Bool)
    case responseBegan(Int32, [(String, String)])
    case holdEnded(StoreRejection?)
    case responseEnded(StoringResult)
    case responseFailed(FetchFailure)
    case clientLeft

    /// Lets it happen; what is to be done then, in words.
    func happen(to exchange: inout Exchange) -> String {
        let now = ExchangeSample.now
        let step: ExchangeStep
        switch self {
        case .began(let request, let isReady, let usesCache):
            step = exchange.began(
                request, routes: RouteTable(names: ["other".wire]), isReady: isReady,
                usesCache: usesCache)
        case .bodyRead(let body): step = exchange.bodyRead(body.wire.span)
        case .planned(let plan): step = exchange.planned(plan)
        case .bodyTooLong: step = exchange.bodyTooLong()
        case .bodyBroken: step = exchange.bodyBroken()
        case .bodyRefused: step = exchange.bodyRefused(ExchangeSample.refusal)
        case .digested:
            step = exchange.digested(
                key: ExchangeSample.key, credentialScope: ExchangeSample.credentialScope)
        case .lookedUp(let metadata): step = exchange.lookedUp(metadata, now: now)
        case .fetching(let isCollapsed):
            exchange.fetching(isCollapsed: isCollapsed)
            step = .wait
        case .responseBegan(let status, let headers):
            step = exchange.responseBegan(
                ResponseHead(status: status, headers: headers.map { HeaderField($0.0, $0.1) }),
                now: now)
        case .holdEnded(let rejection): step = exchange.holdEnded(rejection)
        case .responseEnded(let result): step = exchange.responseEnded(length: 2, result)
        case .responseFailed(let failure): step = exchange.responseFailed(failure, now: now)
        case .clientLeft:
            exchange.clientLeft()
            step = .wait
        }
        return Self.words(step)
    }

    /// A step in words: what it is, the status, and what `Cache-Status` says.
    static func words(_ step: ExchangeStep) -> String {
        switch step {
        case .readBody(let limit): "read \(limit)"
        case .digest: "digest"
        case .lookUp: "look up"
        case .fetch(let fetch): "fetch \(fetch.body)"
        case .respond(let response):
            words("respond", response.head) + (response.body == .stored ? " (stored)" : "")
        case .hold: "hold"
        case .deliver(let head): words("deliver", head)
        case .deliverWhole(let head): words("deliver whole", head)
        case .finish: "finish"
        case .cut: "cut"
        case .wait: "wait"
        }
    }

    private static func words(_ verb: String, _ head: ResponseHead) -> String {
        let status = head.headers.filter { $0.isNamed("cache-status") }
        return ([verb, "\(head.status)"] + status.map { $0.value.readable })
            .joined(separator: " ")
    }
}

/// Requests, stored responses and settings to make lives of.
enum ExchangeSample {
    static let now: Int64 = 1_700_000_000_000
    static let key = key(of: 7)
    static let credentialScope = [UInt8](repeating: 9, count: 32)
    static let refusal = ProxyError(status: 400, code: "malformed", message: "No.".wire)
    static let json = [("content-type", "application/json")]
    static let sse = [("content-type", "text/event-stream; charset=utf-8")]
    static let chat = #"{"model":"m","messages":[]}"#

    static var settings: ExchangeSettings {
        ExchangeSettings(
            upstreams: ["https://a.example/v1".wire, "https://b.example".wire],
            names: ["other".wire], maximumEntrySize: 1000, maximumBodySize: 500)
    }

    static func key(of byte: UInt8) -> CacheKey {
        let digest = [UInt8](repeating: byte, count: CacheKey.length)
        guard let key = CacheKey(digest: digest.span) else { preconditionFailure("32 bytes") }
        return key
    }

    static func request(
        _ method: String = "POST", _ target: String = "/v1/chat/completions",
        _ headers: [(String, String)] = [], hasBody: Bool = true, declaredLength: Int64? = nil
    ) -> ArrivedRequest {
        ArrivedRequest(
            method: method.wire, target: target.wire,
            headers: (json + headers).map { HeaderField($0.0, $0.1) }, hasBody: hasBody,
            declaredLength: declaredLength)
    }

    /// A stored response of some age with 60 seconds to live.
    static func stored(age: Int64) -> EntryMetadata {
        EntryMetadata(
            status: 200, headers: [HeaderField("content-type", "application/json")],
            storedAt: now - age * 1000, ttl: 60, bodyLength: 2, bodyDigest: [], upstream: [],
            path: [], model: nil, namespace: nil, usage: nil, tags: [], credentialScope: [],
            chunks: [])
    }

    static let plan: RequestPolicy.Plan = .cacheable(
        CacheableRequest(
            endpoint: .chatCompletions, keyMaterial: "material".wire, model: "m".wire,
            wantsStream: false, limitsOutput: false))

    /// What happens to a cacheable request until the store is asked.
    static func upToLookup(_ headers: [(String, String)] = []) -> [ExchangeEvent] {
        [.began(request(headers: headers)), .bodyRead(chat), .digested]
    }

    static func request(headers: [(String, String)]) -> ArrivedRequest {
        request("POST", "/v1/chat/completions", headers)
    }

    /// An exchange to which this has happened.
    static func exchange(after events: [ExchangeEvent] = []) -> Exchange {
        var exchange = Exchange(settings: settings)
        for event in events { _ = event.happen(to: &exchange) }
        return exchange
    }
}
