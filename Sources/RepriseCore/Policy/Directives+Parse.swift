extension Directives {
    /// The longest namespace and the longest tag, in bytes.
    static let longestLabel = 64
    /// The most tags on one request.
    static let mostTags = 16

    /// Reads the directives of a request.
    ///
    /// The `X-Proxy-*` headers are ours, so a mistake in one is an error. `Cache-Control` is everyone's:
    /// unknown directives are ignored, quoted values are taken like bare ones, and of a repeated
    /// directive the stricter value counts. A `max-age` without a valid number counts as 0, because a
    /// cache is "encouraged to consider responses that have invalid freshness information to be stale"
    /// (RFC 9111 §4.2.1); other directives without one are ignored, except that `max-stale` alone
    /// means any staleness.
    ///
    /// - Parameter headers: All header fields of the request.
    /// - Throws: What the client must correct; to be answered with status 400.
    public static func parse(_ headers: [HeaderField]) throws(DirectiveError) -> Directives {
        var directives = Directives()
        let isConvention = isEventStreamConvention(headers)
        for field in headers {
            if field.isNamed("cache-control") {
                if isConvention { continue }
                for piece in FieldValue.split(field.value, at: UInt8(ascii: ",")) {
                    directives.add(cacheControl: piece)
                }
            } else if field.name.starts(withLiteral: "x-proxy-") {
                try directives.add(own: field)
            }
        }
        return directives
    }

    /// Whether all that `Cache-Control` says is a lone `no-cache` or `no-store` on a request for an
    /// event stream.
    ///
    /// Clients of event streams send it by convention (go-openai, httpx-sse, after WHATWG HTML §9.2.3),
    /// and their callers cannot change it.
    private static func isEventStreamConvention(_ headers: [HeaderField]) -> Bool {
        var controls = 0
        for field in headers where field.isNamed("cache-control") {
            let value = FieldValue.lowercased(FieldValue.trimmed(field.value))
            guard value.equals("no-cache") || value.equals("no-store") else { return false }
            controls += 1
        }
        return controls == 1 && KeyMaterial.acceptsEventStream(headers)
    }

    private mutating func add(own field: HeaderField) throws(DirectiveError) {
        let value = FieldValue.trimmed(field.value)
        if field.isNamed("x-proxy-ttl") {
            guard let seconds = FieldValue.digits(value) else { throw .ttl(value) }
            if let ttl, ttl != seconds { throw .conflictingTTL }
            ttl = seconds
        } else if field.isNamed("x-proxy-refresh") {
            let answer = FieldValue.lowercased(value)
            guard answer.equals("true") || answer.equals("false") else { throw .refresh(value) }
            if let refresh, refresh != answer.equals("true") { throw .conflictingRefresh }
            refresh = answer.equals("true")
        } else if field.isNamed("x-proxy-namespace") {
            guard Self.isLabel(value) else { throw .namespace(value) }
            if let namespace, namespace != value { throw .conflictingNamespace }
            namespace = value
        } else if field.isNamed("x-proxy-tags") {
            for tag in value.split(separator: UInt8(ascii: ",")) {
                try add(tag: FieldValue.trimmed(Array(tag)))
            }
        } else {
            // A misspelt one would be silence where the client expects an effect.
            throw .unknown(field.name)
        }
    }

    private mutating func add(tag: [UInt8]) throws(DirectiveError) {
        if tag.isEmpty || tags.contains(tag) { return }
        guard Self.isLabel(tag) else { throw .tag(tag) }
        guard tags.count < Self.mostTags else { throw .tooManyTags }
        tags.append(tag)
    }

    /// Tells whether bytes can name a namespace or a tag: visible ASCII without commas, which separate
    /// the values of a repeated header once a gateway has joined them (RFC 9110 §5.3).
    private static func isLabel(_ bytes: [UInt8]) -> Bool {
        1...longestLabel ~= bytes.count
            && bytes.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: ",") }
    }

    private mutating func add(cacheControl piece: [UInt8]) {
        let (name, value) = FieldValue.parameter(piece)
        let seconds = value.flatMap { FieldValue.digits($0) }
        if name.equals("no-store") {
            noStore = true
        } else if name.equals("no-cache") {
            noCache = true
        } else if name.equals("only-if-cached") {
            onlyIfCached = true
        } else if name.equals("max-age") {
            maxAge = min(maxAge ?? .max, seconds ?? 0)
        } else if name.equals("min-fresh"), let seconds {
            minFresh = max(minFresh ?? 0, seconds)
        } else if name.equals("stale-if-error"), let seconds {
            staleIfError = min(staleIfError ?? .max, seconds)
        } else if name.equals("max-stale") {
            add(maxStale: value, seconds: seconds)
        }
    }

    private mutating func add(maxStale value: [UInt8]?, seconds: Int64?) {
        switch (maxStale, value, seconds) {
        case (nil, nil, _): maxStale = .any
        case (.seconds(let earlier), _, .some(let seconds)):
            maxStale = .seconds(min(earlier, seconds))
        case (_, _, .some(let seconds)): maxStale = .seconds(seconds)
        default: break
        }
    }
}
