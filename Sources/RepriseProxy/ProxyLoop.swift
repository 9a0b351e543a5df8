import RepriseCore
import RepriseCrypto
public import RepriseNetwork
import RepriseStorage

/// The caching proxy on one event loop: what the requests of that loop share.
public final class ProxyLoop {
    /// The loop.
    public let loop: any EventLoop
    /// The proxy that all loops are part of.
    public let proxy: CachingProxy

    let client: HTTPClient
    private var hash = SHA256()

    /// Bytes of a body that a loop should not be held up by.
    static let longBody = 256 << 10
    /// How long a document is waited for before it is passed on as it comes.
    static let longestHold = Duration.milliseconds(500)

    init(_ proxy: CachingProxy, on loop: any EventLoop, client: HTTPClient) {
        self.proxy = proxy
        self.loop = loop
        self.client = client
    }

    var settings: ExchangeSettings { proxy.settings }
    var routes: RouteTable { proxy.routes }
    var isReady: Bool { proxy.isReady }
    var worker: any Worker { proxy.worker }

    /// Milliseconds since the epoch.
    var now: Int64 { loop.wallClock }

    func digest(of bytes: [UInt8]) -> [UInt8] {
        hash.update(bytes.span)
        return hash.finish()
    }

    func key(of material: [UInt8]) -> CacheKey? { CacheKey(digest: digest(of: material).span) }

    /// Looks in memory, then in the store, unless a call for the key is under way: that call began
    /// because the store had nothing.
    func lookUp(
        _ key: CacheKey, _ completion: @escaping (StoredResponse?) -> Void
    ) -> TieredStore.Lookup {
        if proxy.fetches.isUnderWay(key) {
            return proxy.store.memory.response(for: key).map { .found($0) } ?? .absent
        }
        return proxy.store.lookUp(key, on: loop, completion)
    }

    /// What a request gets that asks the upstream.
    enum Joined {
        /// A response that was stored on the way.
        case found(StoredResponse)
        /// A call that another request began.
        case following(FetchReader)
        /// A call of its own.
        case leading(FetchReader, UpstreamCall)
        /// Nothing: the proxy shuts down.
        case refused
    }

    /// Joins the shared fetch that a request asks for, or begins it.
    ///
    /// - Parameters:
    ///   - body: What was read of the request's body.
    ///   - accepts: Whether a stored response answers the request.
    func begin(
        _ fetch: Fetch, body: [UInt8], reader listener: any FetchListener,
        accepts: @escaping (StoredResponse, Int64) -> Bool
    ) -> Joined {
        guard let sharing = fetch.sharing else {
            let shared = SharedFetch(loop: loop, key: nil, keepLimit: 0, finishesAlone: false)
            guard let reader = shared.addReader(listener, on: loop, storing: nil) else {
                return .refused
            }
            return lead(fetch, body, shared, reader, accepts)
        }
        let now = now
        let joined = proxy.fetches.join(sharing.key, mayJoin: sharing.mayJoin) {
            guard sharing.mayJoin, let stored = proxy.store.memory.response(for: sharing.key),
                accepts(stored, now)
            else { return nil }
            return stored
        } makeFetch: {
            SharedFetch(
                loop: loop, key: sharing.key,
                keepLimit: Int(clamping: settings.maximumEntrySize),
                finishesAlone: settings.finishesAlone)
        } read: { shared in
            shared.addReader(listener, on: loop, storing: sharing.storing)
        }
        switch joined {
        case .found(let response): return .found(response)
        case .following(let reader): return .following(reader)
        case .leading(let reader): return lead(fetch, body, reader.fetch, reader, accepts)
        case nil: return .refused
        }
    }

    private func lead(
        _ fetch: Fetch, _ body: [UInt8], _ shared: SharedFetch, _ reader: FetchReader,
        _ accepts: @escaping (StoredResponse, Int64) -> Bool
    ) -> Joined {
        let call = UpstreamCall(fetch, shared, self)
        guard proxy.callBegan(shared) else {
            call.refuse()
            return .refused
        }
        shared.attach(call)
        if proxy.collapsesAcrossServers, let sharing = fetch.sharing, sharing.mayJoin,
            sharing.storing != nil
        {
            call.waitForLease(of: sharing.key, body: body, accepts: accepts)
        } else {
            call.send(body: body)
        }
        return .leading(reader, call)
    }
}
