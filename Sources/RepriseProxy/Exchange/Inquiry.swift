public import NIOCore
public import RepriseCore
public import RepriseStorage

/// What a cacheable request asks of the cache, as found out from its bytes alone.
///
/// An object, so that the tasks that wait with it hold little.
public final class Inquiry: Sendable {
    /// What the client asked of the cache.
    public let directives: Directives
    /// Where the response is stored.
    public let key: CacheKey
    let cacheable: CacheableRequest
    let body: ByteBuffer

    init(directives: Directives, cacheable: CacheableRequest, body: ByteBuffer) {
        self.directives = directives
        self.cacheable = cacheable
        self.body = body
        key = CacheKey(hashing: cacheable.keyMaterial)
    }
}

extension CachingProxy {
    /// Finds out what a whole request asks of the cache, without waiting for anything.
    ///
    /// - Parameters:
    ///   - head: The head, with its path below the upstream's base.
    ///   - upstream: Index into ``ProxyConfiguration/upstreams``.
    ///   - body: All of the body.
    /// - Returns: nil for a request that is not to be looked up: ``answer(_:)`` says what it gets.
    public func inquiry(of head: RequestHead, upstream: Int, body: ByteBuffer) -> Inquiry? {
        guard let directives = try? Directives.parse(head.headers), !directives.skipsLookup,
            RequestPolicy.bypass(head, directives) == nil,
            body.readableBytes <= configuration.maximumBodySize,
            case .cacheable(let cacheable) = plan(head, directives, upstream: upstream, body)
        else { return nil }
        return Inquiry(directives: directives, cacheable: cacheable, body: body)
    }

    /// What the core makes of a request whose body is there.
    func plan(
        _ head: RequestHead, _ directives: Directives, upstream: Int, _ body: ByteBuffer
    ) -> RequestPolicy.Plan {
        RequestPolicy.plan(
            head, directives, upstream: Array(configuration.upstreams[upstream].baseURL.utf8),
            sharesCredentials: configuration.sharesCredentials, body: body.readableBytesUInt8Span)
    }

    /// How a look-up on an event loop begins.
    public enum Search {
        /// Memory has the response.
        case found(CachedResponse)
        /// The store is being asked.
        case asked(EventLoopFuture<CachedResponse?>)
        /// Neither has it, or a call for the key is under way, which began because neither had.
        case absent
        /// Only the full path can look further.
        case elsewhere
    }

    /// Looks for a key in memory, and in a store that can be asked on an event loop.
    public func search(_ key: CacheKey, on eventLoop: any EventLoop) -> Search {
        if let found = store.memoryLookup(key) { return .found(found) }
        if collapser.isUnderWay(key) { return .absent }
        return switch store.lookup(key, on: eventLoop) {
        case .found(let found): .found(found)
        case .asked(let future): .asked(future)
        case .absent: .absent
        case .unsupported: .elsewhere
        }
    }

    /// Remembers which key a request's very bytes lead to, unless that depends on the age of what
    /// is stored.
    public func learn(_ alias: RequestAlias?, for inquiry: Inquiry) {
        guard let alias, inquiry.directives.takesAnyFreshResponse else { return }
        store.memory.learn(alias, for: inquiry.key)
    }
}
