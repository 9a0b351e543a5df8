public import RepriseCore
public import RepriseStorage

/// A request as a client sent it, routed to an upstream.
public struct ProxyRequest: Sendable {
    /// The head, with its path below the upstream's base.
    public var head: RequestHead
    /// Index into ``ProxyConfiguration/upstreams``.
    public var upstream: Int
    /// The body, read at most once.
    public var body: RequestBodyStream
    /// The digest of its bytes, if the hit path is to know them again.
    public var alias: RequestAlias?

    /// Makes a request from its parts.
    public init(
        head: RequestHead, upstream: Int, body: RequestBodyStream, alias: RequestAlias? = nil
    ) {
        self.head = head
        self.upstream = upstream
        self.body = body
        self.alias = alias
    }

    /// The body's length in bytes as `Content-Length` declares it, nil when it does not.
    var declaredLength: Int64? {
        head.headers.first(named: "content-length").flatMap {
            Int64(String(decoding: $0, as: UTF8.self))
        }
    }

    /// Whether a body follows the head (RFC 9112 §6).
    var hasBody: Bool {
        if let declaredLength { return declaredLength > 0 }
        return head.headers.first(named: "transfer-encoding") != nil
    }
}
