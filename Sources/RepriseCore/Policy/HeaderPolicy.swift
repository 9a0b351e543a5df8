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
            !isHopByHop(field, named) && !isOurs(field) && !(cacheable && isDroppedToCache(field))
        }
        if cacheable {
            forwarded.append(
                HeaderField(name: Array("accept-encoding"), value: Array("identity")))
        }
        return forwarded
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
        return headers.filter { field in
            !isHopByHop(field, named) && !(cacheable && field.isNamed("set-cookie"))
        }
    }

    /// The response headers that are stored and replayed: an allowlist.
    public static func stored(_ headers: [HeaderField]) -> [HeaderField] {
        let named = namedByConnection(headers)
        return headers.filter { isReplayed($0) && !isHopByHop($0, named) }
    }

    private static func isReplayed(_ field: HeaderField) -> Bool {
        field.isNamed("content-type") || field.isNamed("x-request-id")
            || field.isNamed("request-id") || field.isNamed("openai-version")
            || field.isNamed("openai-model") || field.isNamed("openai-organization")
    }

    private static func isOurs(_ field: HeaderField) -> Bool {
        field.isNamed("host") || field.isNamed("content-length")
            || field.isNamed("cache-control") || field.name.starts(withLiteral: "x-proxy-")
    }

    private static func isDroppedToCache(_ field: HeaderField) -> Bool {
        field.isNamed("cookie") || field.isNamed("expect") || field.isNamed("range")
            || field.isNamed("if-match") || field.isNamed("if-none-match")
            || field.isNamed("if-modified-since") || field.isNamed("if-unmodified-since")
            || field.isNamed("if-range") || field.isNamed("accept-encoding")
    }

    private static func isHopByHop(_ field: HeaderField, _ named: [[UInt8]]) -> Bool {
        field.isNamed("connection") || field.isNamed("keep-alive")
            || field.isNamed("proxy-connection") || field.isNamed("proxy-authenticate")
            || field.isNamed("proxy-authorization") || field.isNamed("te")
            || field.isNamed("trailer") || field.isNamed("transfer-encoding")
            || field.isNamed("upgrade") || field.isNamed("http2-settings")
            || named.contains(field.name)
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
