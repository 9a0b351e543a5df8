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
    /// What has been found out already from the same bytes; the body is not read then.
    public var prepared: Prepared?

    /// What is known of a request before the full path sees it.
    public struct Prepared: Sendable {
        /// What it asks of the cache.
        public var inquiry: Inquiry
        /// Whether neither memory nor the store had anything for it.
        public var isAbsent: Bool

        /// Makes it from its parts.
        public init(inquiry: Inquiry, isAbsent: Bool) {
            self.inquiry = inquiry
            self.isAbsent = isAbsent
        }
    }

    /// Makes a request from its parts.
    public init(
        head: RequestHead, upstream: Int, body: RequestBodyStream, alias: RequestAlias? = nil,
        prepared: Prepared? = nil
    ) {
        self.head = head
        self.upstream = upstream
        self.body = body
        self.alias = alias
        self.prepared = prepared
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
