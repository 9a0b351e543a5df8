/// Decides whether a request may be answered from the cache, and under which key.
public enum RequestPolicy {
    /// What a request with its body comes to.
    public enum Plan: Equatable, Sendable {
        /// It is forwarded and not stored.
        case bypass(BypassReason)
        /// It may be answered from the cache.
        case cacheable(CacheableRequest)
    }

    /// What the head alone decides.
    ///
    /// - Returns: Why the request is not cached; nil when it takes the body to say, see
    ///   ``plan(_:_:upstream:sharesCredentials:body:)``.
    public static func bypass(_ head: RequestHead, _ directives: Directives) -> BypassReason? {
        guard head.method.equals("POST") else { return .method }
        guard Endpoint.match(path: head.path) != nil else { return .endpoint }
        if directives.bypassesCache { return .ttlZero }
        // Two content types leave open which one the upstream goes by.
        let contentTypes = head.headers.filter { $0.isNamed("content-type") }
        guard contentTypes.count == 1, let contentType = contentTypes.first?.value,
            FieldValue.mediaType(contentType).equals("application/json")
        else { return .mediaType }
        guard isUTF8(contentType) else { return .charset }
        for field in head.headers where field.isNamed("content-encoding") {
            guard FieldValue.lowercased(FieldValue.trimmed(field.value)).equals("identity") else {
                return .contentEncoding
            }
        }
        return nil
    }

    /// What the body decides, once the head has decided nothing.
    ///
    /// - Parameters:
    ///   - upstream: The upstream's base URL.
    ///   - sharesCredentials: Whether requests with different credentials share entries.
    ///   - body: The whole body as it came.
    public static func plan(
        _ head: RequestHead, _ directives: Directives, upstream: [UInt8], sharesCredentials: Bool,
        body: Span<UInt8>
    ) -> Plan {
        guard let endpoint = Endpoint.match(path: head.path) else { return .bypass(.endpoint) }
        var canonical: [UInt8] = []
        let facts: RequestFacts
        do throws(JSONError) {
            try CanonicalJSON.append(body, to: &canonical)
            guard let found = try RequestFacts(canonical.span, endpoint: endpoint) else {
                return .bypass(.notAnObject)
            }
            facts = found
        } catch {
            return .bypass(BypassReason(error))
        }
        if let reason = obstacle(facts, endpoint, directives) { return .bypass(reason) }
        let mediaType = head.headers.first(named: "content-type").map(FieldValue.mediaType)
        return .cacheable(
            CacheableRequest(
                endpoint: endpoint,
                keyMaterial: KeyMaterial.build(
                    upstream: upstream, head: head, mediaType: mediaType ?? [],
                    namespace: directives.namespace, sharesCredentials: sharesCredentials,
                    canonicalBody: canonical.span),
                model: facts.model, wantsStream: facts.wantsStream,
                limitsOutput: facts.limitsOutput, answerCount: facts.answerCount))
    }

    private static func obstacle(
        _ facts: RequestFacts, _ endpoint: Endpoint, _ directives: Directives
    ) -> BypassReason? {
        if let obstacle = facts.obstacle { return obstacle }
        if endpoint == .chatCompletions, facts.asksToStore { return .stored }
        if let ttl = directives.ttl, ttl > 0 { return nil }
        if facts.tools.seesLiveWorld { return .hostedTool }
        return facts.tools.hasUnknownTool ? .unknownTool : nil
    }

    /// Whether a content type names no other charset than UTF-8 (RFC 8259 §8.1 knows only that).
    private static func isUTF8(_ contentType: [UInt8]) -> Bool {
        // Most have no parameters at all.
        if !contentType.contains(UInt8(ascii: ";")) { return true }
        let pieces = FieldValue.split(contentType, at: UInt8(ascii: ";"))
        return pieces.dropFirst().allSatisfy { piece in
            let (name, value) = FieldValue.parameter(piece)
            return !name.equals("charset")
                || FieldValue.lowercased(value ?? []).equals("utf-8")
        }
    }
}

extension BypassReason {
    /// The reason that a body which cannot be canonicalised gives.
    init(_ error: JSONError) {
        switch error {
        case .invalid: self = .invalidJSON
        case .duplicateName: self = .duplicateName
        case .loneSurrogate: self = .loneSurrogate
        case .tooDeep: self = .tooDeep
        }
    }
}
