/// A request as it arrived.
public struct ArrivedRequest: Equatable, Sendable {
    /// The method as sent.
    public var method: [UInt8]
    /// The target in origin form (RFC 9112 §3.2.1); any other form is refused.
    public var target: [UInt8]
    /// All header fields.
    public var headers: [HeaderField]
    /// Whether a body comes with it.
    public var hasBody: Bool
    /// The bytes of the body, where they are known before it is read.
    public var declaredLength: Int64?

    /// Makes a request from its parts.
    public init(
        method: [UInt8], target: [UInt8], headers: [HeaderField], hasBody: Bool,
        declaredLength: Int64?
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.hasBody = hasBody
        self.declaredLength = declaredLength
    }
}

extension Exchange {
    /// The request's head is here: route, directives, and what the head alone decides.
    ///
    /// - Parameters:
    ///   - isReady: Whether the server takes new work, for `/ready`.
    ///   - usesCache: Whether the cache is asked at all.
    public mutating func began(
        _ request: ArrivedRequest, routes: RouteTable, isReady: Bool = true, usesCache: Bool = true
    ) -> ExchangeStep {
        guard state == .received else { return .wait }
        // The asterisk form (RFC 9112 §3.2.4) asks about this server, and has no route.
        guard request.target.first == UInt8(ascii: "/") || request.target.equals("*") else {
            return fail(.notForwardProxy)
        }
        switch routes.route(target: request.target) {
        case .health: return own(isOK: true)
        case .ready: return own(isOK: isReady)
        case .notFound: return fail(.unknownRoute(names: settings.names))
        case .upstream(let index, let path, let query):
            upstream = index
            record.upstream = index
            // An upstream's base is a boundary, and nobody here resolves paths.
            if RequestTarget.hasDotSegment(path) { return fail(.dotSegment) }
            head = RequestHead(
                method: request.method, path: path, query: query, headers: request.headers)
        }
        if hasPassedHere { return fail(.loop) }
        if asksForWebSocket { return fail(.webSocket) }
        do throws(DirectiveError) {
            directives = try Directives.parse(head.headers)
        } catch {
            return fail(.invalid(error))
        }
        // They are not forwarded, so nothing may depend on them: neither the key nor the policy.
        head.headers = HeaderPolicy.withoutConnectionNamed(head.headers)
        declaredLength = request.declaredLength
        let body: Fetch.Body = request.hasBody ? .unread : .none
        guard usesCache else {
            forwardReason = .bypass
            if directives.onlyIfCached { return fail(.notCached, .generated(.onlyIfCached)) }
            record.outcome = .bypass
            return fetch(body)
        }
        if let reason = RequestPolicy.bypass(head, directives) { return bypass(reason, body) }
        state = .reading
        if let length = request.declaredLength, length > settings.maximumBodySize {
            return bodyTooLong()
        }
        return .readBody(limit: settings.maximumBodySize)
    }

    /// The request's whole body is here.
    public mutating func bodyRead(_ body: Span<UInt8>) -> ExchangeStep {
        guard state == .reading else { return .wait }
        return planned(plan(body))
    }

    /// What the request comes to with this body; nothing changes, so that a long body may be worked
    /// on elsewhere and the result handed to ``planned(_:)``.
    public func plan(_ body: Span<UInt8>) -> RequestPolicy.Plan {
        RequestPolicy.plan(
            head, directives, upstream: settings.upstreams[upstream],
            sharesCredentials: settings.sharesCredentials, body: body)
    }

    /// It is known what the request comes to.
    public mutating func planned(_ plan: RequestPolicy.Plan) -> ExchangeStep {
        guard state == .reading else { return .wait }
        switch plan {
        case .bypass(let reason):
            return bypass(reason, .read)
        case .cacheable(var request):
            let material = request.keyMaterial
            // Hashed once, it is of no more use, and it is as long as the body.
            request.keyMaterial = []
            record.model = request.model
            cacheable = request
            state = .keying
            return .digest(
                keyMaterial: material, credentialScope: KeyMaterial.credentialScope(of: head))
        }
    }

    /// The request's body is longer than the limit.
    public mutating func bodyTooLong() -> ExchangeStep {
        guard state == .reading else { return .wait }
        return fail(
            .bodyTooLarge(limit: settings.maximumBodySize, setting: settings.bodyLimitName))
    }

    /// The request's body broke off.
    public mutating func bodyBroken() -> ExchangeStep {
        guard state == .reading else { return .wait }
        return fail(.incompleteRequest)
    }

    /// The request's body cannot be read, for a reason that the transport knows.
    public mutating func bodyRefused(_ error: ProxyError) -> ExchangeStep {
        guard state == .reading else { return .wait }
        return fail(error)
    }

    /// The digests are here.
    ///
    /// - Parameter credentialScope: 32 bytes.
    public mutating func digested(key: CacheKey, credentialScope: [UInt8]) -> ExchangeStep {
        guard state == .keying else { return .wait }
        record.key = key
        self.credentialScope = credentialScope
        if directives.skipsLookup {
            return miss(.request, directives.refresh == true ? .refresh : nil)
        }
        state = .lookingUp
        return .lookUp(key)
    }

    /// The store has answered.
    ///
    /// Comes a second time, instead of ``fetching(isCollapsed:)``, when what was missed has been
    /// stored on the way to the upstream and ``accepts(_:now:)`` says that it answers the request.
    ///
    /// - Parameters:
    ///   - metadata: Of what is stored; nil for nothing.
    ///   - now: Milliseconds since the epoch.
    public mutating func lookedUp(_ metadata: EntryMetadata?, now: Int64) -> ExchangeStep {
        guard state == .lookingUp || state == .fetching && isCacheable && !directives.skipsLookup
        else { return .wait }
        guard let metadata else { return state == .lookingUp ? miss(.uriMiss) : .wait }
        switch freshness(of: metadata, now: now) {
        case .fresh(let ttl):
            return replay(metadata, .hit(ttl: ttl), now: now)
        case .stale(let ttl):
            return replay(metadata, .hit(ttl: ttl), now: now)
        case .unusable(let reason):
            guard state == .lookingUp else { return .wait }
            stale = Freshness.allowsStaleIfError(
                storedAt: metadata.storedAt, ttl: metadata.ttl, directives: directives, now: now
            ).map { StaleResponse(metadata: metadata, ttl: $0) }
            return miss(reason)
        }
    }

    /// Whether a stored response answers the request.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public func accepts(_ metadata: EntryMetadata, now: Int64) -> Bool {
        if directives.skipsLookup { return false }
        if case .unusable = freshness(of: metadata, now: now) { return false }
        return true
    }

    private func freshness(of metadata: EntryMetadata, now: Int64) -> Freshness.Verdict {
        Freshness.judge(
            storedAt: metadata.storedAt, ttl: metadata.ttl, directives: directives, now: now)
    }

    /// Whether the stored response that was looked up may yet be needed.
    public var keepsStored: Bool { stale != nil }

    private mutating func miss(
        _ reason: ForwardReason, _ detail: CacheStatus.Detail? = nil
    ) -> ExchangeStep {
        forwardReason = reason
        forwardDetail = detail
        record.outcome = .miss
        record.reason = detail?.token
        if directives.onlyIfCached { return fail(.notCached, .generated(.onlyIfCached)) }
        return fetch(.read)
    }

    /// Passes the request on without the cache.
    private mutating func bypass(_ reason: BypassReason, _ body: Fetch.Body) -> ExchangeStep {
        bypassReason = reason
        if directives.onlyIfCached { return fail(.notCached, .bypass(reason)) }
        record.outcome = .bypass
        record.reason = reason == .method ? nil : reason.detail
        return fetch(body)
    }

    private mutating func fetch(_ body: Fetch.Body) -> ExchangeStep {
        state = .fetching
        var sharing: Fetch.Sharing?
        if let cacheable, let key = record.key {
            sharing = Fetch.Sharing(
                key: key, mayJoin: !directives.skipsLookup,
                storing: directives.mayStore
                    ? StoringTerms(
                        ttl: directives.ttl ?? settings.defaultTTL, tags: directives.tags,
                        namespace: directives.namespace) : nil,
                request: cacheable, credentialScope: credentialScope)
        }
        var headers = HeaderPolicy.toUpstream(head.headers, cacheable: isCacheable)
        if let pseudonym = settings.pseudonym {
            headers.append(HeaderField(name: .init("via"), value: .init("1.1 ") + pseudonym))
        }
        let fetch = Fetch(
            upstream: upstream, method: head.method, path: head.path, query: head.query,
            headers: headers, body: body,
            declaredLength: declaredLength, sharing: sharing)
        // A stream may last for minutes: what was forwarded is of no more use.
        head.headers = []
        return .fetch(fetch)
    }

    private mutating func own(isOK: Bool) -> ExchangeStep {
        state = .done
        record.status = isOK ? 200 : 503
        return .respond(
            WholeResponse(
                head: ResponseHead(
                    status: record.status,
                    headers: [
                        HeaderField(
                            name: .init("content-type"), value: .init("application/json"))
                    ]),
                body: .bytes(isOK ? .init("{\"ok\":true}") : .init("{\"ok\":false}"))))
    }

    /// Whether a `Via` names this server, behind the version of the protocol (RFC 9110 §7.6.3).
    private var hasPassedHere: Bool {
        guard let pseudonym = settings.pseudonym else { return false }
        return head.headers.contains { field in
            field.isNamed("via")
                && FieldValue.split(field.value, at: UInt8(ascii: ",")).contains { member in
                    member.split(separator: UInt8(ascii: " ")).dropFirst().first
                        .map { Array($0) == pseudonym } ?? false
                }
        }
    }

    private var asksForWebSocket: Bool {
        guard let value = head.headers.first(named: "upgrade") else { return false }
        return FieldValue.lowercased(value).contains(literal: "websocket")
    }
}
