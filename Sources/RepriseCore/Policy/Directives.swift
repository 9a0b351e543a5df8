/// What a client asks of the cache, by `X-Proxy-*` and `Cache-Control` request headers.
public struct Directives: Equatable, Sendable {
    /// How stale a response `max-stale` accepts (RFC 9111 §5.2.1.2).
    public enum MaxStale: Equatable, Sendable {
        /// Any staleness: the directive came without a value.
        case any
        /// At most this many seconds past the freshness lifetime.
        case seconds(Int64)
    }

    /// `X-Proxy-TTL` in seconds, at most `Int32.max`; nil when not sent.
    public var ttl: Int64?
    /// `X-Proxy-Refresh`; nil when not sent.
    public var refresh: Bool?
    /// `X-Proxy-Namespace`, 1 to 64 visible ASCII characters; nil when not sent.
    public var namespace: [UInt8]?
    /// `X-Proxy-Tags` in order without repetitions: at most 16, each 1 to 64 visible ASCII characters.
    public var tags: [[UInt8]]
    /// `no-store` (RFC 9111 §5.2.1.5).
    public var noStore: Bool
    /// `no-cache` (RFC 9111 §5.2.1.4).
    public var noCache: Bool
    /// `only-if-cached` (RFC 9111 §5.2.1.7).
    public var onlyIfCached: Bool
    /// `max-age` in seconds (RFC 9111 §5.2.1.1).
    public var maxAge: Int64?
    /// `min-fresh` in seconds (RFC 9111 §5.2.1.3).
    public var minFresh: Int64?
    /// `max-stale` (RFC 9111 §5.2.1.2).
    public var maxStale: MaxStale?
    /// `stale-if-error` in seconds (RFC 5861 §4).
    public var staleIfError: Int64?

    /// Makes directives; without arguments, those of a request that asks for nothing.
    public init(
        ttl: Int64? = nil, refresh: Bool? = nil, namespace: [UInt8]? = nil, tags: [[UInt8]] = [],
        noStore: Bool = false, noCache: Bool = false, onlyIfCached: Bool = false,
        maxAge: Int64? = nil, minFresh: Int64? = nil, maxStale: MaxStale? = nil,
        staleIfError: Int64? = nil
    ) {
        self.ttl = ttl
        self.refresh = refresh
        self.namespace = namespace
        self.tags = tags
        self.noStore = noStore
        self.noCache = noCache
        self.onlyIfCached = onlyIfCached
        self.maxAge = maxAge
        self.minFresh = minFresh
        self.maxStale = maxStale
        self.staleIfError = staleIfError
    }

    /// Whether the cache is neither asked nor filled: `X-Proxy-TTL: 0`.
    public var bypassesCache: Bool { ttl == 0 }

    /// Whether a storable response may be stored.
    ///
    /// A positive `X-Proxy-TTL` wins over `no-store`. A stored response may still be served to a
    /// request with `no-store`, which speaks of storing only (RFC 9111 §5.2.1.5).
    public var mayStore: Bool {
        if let ttl { return ttl > 0 }
        return !noStore
    }

    /// Whether the upstream is asked although the cache may hold a response.
    ///
    /// `X-Proxy-Refresh` wins over `no-cache`, both ways.
    public var skipsLookup: Bool { refresh ?? noCache }

    /// Whether any response that is fresh by its own lifetime will do: then what the request leads
    /// to does not depend on the response's age.
    public var takesAnyFreshResponse: Bool {
        !skipsLookup && !bypassesCache && maxAge == nil && minFresh == nil
    }
}
