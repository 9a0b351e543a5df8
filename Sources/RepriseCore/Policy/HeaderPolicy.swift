/// Which header fields pass the proxy, and which are stored.
public enum HeaderPolicy {
    /// The request headers that go to the upstream.
    ///
    /// Dropped are: hop-by-hop fields and those that `Connection` names (RFC 9110 §7.6.1); `Host` and
    /// `Content-Length`, which the upstream connection writes itself; `X-Proxy-*` and `Cache-Control`,
    /// which speak to this cache.
    ///
    /// - Parameters:
    ///   - headers: The client's header fields.
    ///   - cacheable: Whether the answer may be stored. Then `Cookie`, `Expect`, `Range` and conditional
    ///     fields are dropped too, because the answer must not depend on them, and `Accept-Encoding`
    ///     is replaced by `identity`.
    public static func toUpstream(_ headers: [HeaderField], cacheable: Bool) -> [HeaderField] {
        let named = namedByConnection(headers)
        var forwarded = headers.filter { field in
            goesUpstream(field.name.span, cacheable: cacheable) && !named.contains(field.name)
        }
        if cacheable {
            forwarded.append(
                HeaderField(name: Array("accept-encoding"), value: Array("identity")))
        }
        return forwarded
    }

    /// Tells whether ``toUpstream(_:cacheable:)`` keeps a field that no `Connection` names.
    ///
    /// - Parameter name: In lower case.
    public static func goesUpstream(_ name: Span<UInt8>, cacheable: Bool) -> Bool {
        !isHopByHop(name) && !isOurs(name) && !(cacheable && isDroppedToCache(name))
    }

    /// The response headers that go to the client while the upstream answers.
    ///
    /// Hop-by-hop fields and those that `Connection` names are dropped (RFC 9110 §7.6.1).
    /// `Content-Length` stays: the body is forwarded byte for byte.
    ///
    /// - Parameters:
    ///   - headers: The upstream's header fields.
    ///   - cacheable: Whether the response may be stored. Then `Set-Cookie` is dropped too, so that no
    ///     later request can depend on it.
    public static func toClient(_ headers: [HeaderField], cacheable: Bool) -> [HeaderField] {
        let named = namedByConnection(headers)
        return kept(headers) { field in
            !isHopByHop(field.name.span) && !named.contains(field.name)
                && !(cacheable && field.isNamed("set-cookie"))
        }
    }

    /// The response headers that are stored and replayed: an allowlist.
    public static func stored(_ headers: [HeaderField]) -> [HeaderField] {
        let named = namedByConnection(headers)
        return kept(headers) { isReplayed($0) && !named.contains($0.name) }
    }

    /// As `filter`, which makes room for one more at a time.
    private static func kept(
        _ headers: [HeaderField], _ isKept: (HeaderField) -> Bool
    ) -> [HeaderField] {
        var kept: [HeaderField] = []
        kept.reserveCapacity(headers.count)
        for field in headers where isKept(field) { kept.append(field) }
        return kept
    }

    private static func isReplayed(_ field: HeaderField) -> Bool {
        field.isNamed("content-type") || field.isNamed("x-request-id")
            || field.isNamed("request-id") || field.isNamed("openai-version")
            || field.isNamed("openai-model") || field.isNamed("openai-organization")
    }

    private static func isOurs(_ name: Span<UInt8>) -> Bool {
        name.equals("host") || name.equals("content-length")
            || name.equals("cache-control") || name.starts(withLiteral: "x-proxy-")
    }

    private static func isDroppedToCache(_ name: Span<UInt8>) -> Bool {
        name.equals("cookie") || name.equals("expect") || name.equals("range")
            || name.equals("if-match") || name.equals("if-none-match")
            || name.equals("if-modified-since") || name.equals("if-unmodified-since")
            || name.equals("if-range") || name.equals("accept-encoding")
    }

    private static func isHopByHop(_ name: Span<UInt8>) -> Bool {
        name.equals("connection") || name.equals("keep-alive")
            || name.equals("proxy-connection") || name.equals("proxy-authenticate")
            || name.equals("proxy-authorization") || name.equals("te")
            || name.equals("trailer") || name.equals("transfer-encoding")
            || name.equals("upgrade") || name.equals("http2-settings")
    }

    /// The header fields but for those that a `Connection` field names; that field stays.
    static func withoutConnectionNamed(_ headers: [HeaderField]) -> [HeaderField] {
        let named = namedByConnection(headers)
        guard headers.contains(where: { named.contains($0.name) }) else { return headers }
        return headers.filter { !named.contains($0.name) }
    }

    /// The field names in all `Connection` values, in lower case.
    private static func namedByConnection(_ headers: [HeaderField]) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for field in headers where field.isNamed("connection") {
            for piece in field.value.split(separator: UInt8(ascii: ",")) {
                names.append(FieldValue.lowercased(FieldValue.trimmed(Array(piece))))
            }
        }
        return names
    }
}
