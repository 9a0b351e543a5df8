public import AsyncHTTPClient
public import Logging
import NIOCore
import RepriseCore
public import RepriseStorage
public import ServiceLifecycle

/// Answers requests from the cache, or from one upstream call for all who ask the same.
///
/// One request's life is told by ``answer(_:)``: directives, policy, key, memory, store, flight.
/// What the core can decide, the core decides.
public final class CachingProxy: Service {
    let configuration: ProxyConfiguration
    let store: TieredStore
    let clock: WallClock
    let upstream: UpstreamClient
    let collapser = RequestCollapser()
    let flights: FlightService
    let logger: Logger

    /// Makes a proxy; ``run()`` must run for it to reach upstreams.
    ///
    /// - Parameters:
    ///   - client: Sends to upstreams; see ``HTTPClient/Configuration/upstream(_:)``.
    ///   - executors: Where upstream calls run: on the event loop of the request that began each.
    ///   - clock: The time that ages are counted in.
    public init(
        configuration: ProxyConfiguration, store: TieredStore, client: HTTPClient,
        executors: EventLoopExecutors, clock: WallClock = .system, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.clock = clock
        self.logger = logger
        upstream = UpstreamClient(client: client)
        flights = FlightService(executors: executors)
    }

    /// Runs upstream calls until graceful shutdown, then finishes those under way.
    public func run() async {
        await flights.run()
    }

    /// What is to be done for a request.
    public enum Answer: Sendable {
        /// It can be answered now: a hit or an error.
        case response(ProxyResponse)
        /// Its upstream call is under way: see ``CachingProxy/response(to:)``.
        case forwarded(Forward)
        /// It goes upstream as it is: see ``CachingProxy/launch(_:body:)``.
        case passThrough(PassThrough)
    }

    /// Decides what a request gets.
    ///
    /// Reads the body only of a request that may be cached; any other body is left unread, to be
    /// streamed.
    public func answer(_ request: ProxyRequest) async -> Answer {
        let directives: Directives
        do {
            directives = try Directives.parse(request.head.headers)
        } catch {
            return .response(ProxyError(error).response())
        }
        if let reason = RequestPolicy.bypass(request.head, directives) {
            return bypass(request, reason, directives, body: nil)
        }
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: configuration.maximumBodySize)
        } catch {
            return .response(error.response())
        }
        let plan = RequestPolicy.plan(
            request.head, directives,
            upstream: Array(configuration.upstreams[request.upstream].baseURL.utf8),
            sharesCredentials: configuration.sharesCredentials, body: body.readableBytesUInt8Span)
        switch plan {
        case .bypass(let reason):
            return bypass(request, reason, directives, body: body)
        case .cacheable(let cacheable):
            return await look(
                Lookup(request: request, directives: directives, cacheable: cacheable, body: body))
        }
    }

    /// A cacheable request with all that was found out about it.
    ///
    /// An object, so that the tasks that wait with it hold little.
    private final class Lookup: Sendable {
        let request: ProxyRequest
        let directives: Directives
        let cacheable: CacheableRequest
        let body: ByteBuffer

        init(
            request: ProxyRequest, directives: Directives, cacheable: CacheableRequest,
            body: ByteBuffer
        ) {
            self.request = request
            self.directives = directives
            self.cacheable = cacheable
            self.body = body
        }
    }

    private func look(_ lookup: Lookup) async -> Answer {
        let key = CacheKey(hashing: lookup.cacheable.keyMaterial)
        if let alias = lookup.request.alias, lookup.directives.takesAnyFreshResponse {
            store.memory.learn(alias, for: key)
        }
        var cause = Forward.Cause(reason: .uriMiss)
        if lookup.directives.skipsLookup {
            cause.reason = .request
            cause.detail = lookup.directives.refresh == true ? .refresh : nil
        } else if let stored = await stored(key) {
            switch judge(stored, lookup.directives) {
            case .hit(let response): return .response(response)
            case .forward(let because): cause = because
            }
        }
        if lookup.directives.onlyIfCached {
            return .response(
                ProxyError.notCached.response(
                    cacheStatus: .generated(.onlyIfCached)))
        }
        return join(lookup, key: key, cause: cause)
    }

    /// Looks in memory, then, unless a call for the key is under way, in the store: that call
    /// began because the store had nothing.
    private func stored(_ key: CacheKey) async -> CachedResponse? {
        if let found = store.memoryLookup(key) { return found }
        if collapser.isUnderWay(key) { return nil }
        return await store.lookup(key)
    }

    private func join(_ lookup: Lookup, key: CacheKey, cause: Forward.Cause) -> Answer {
        let directives = lookup.directives
        let storing =
            directives.mayStore
            ? StoringTerms(
                ttl: directives.ttl ?? configuration.defaultTTL, tags: directives.tags,
                namespace: directives.namespace)
            : nil
        let joined = collapser.join(key, storing: storing) { () -> ProxyResponse? in
            guard !directives.skipsLookup, let stored = store.memoryLookup(key),
                case .hit(let response) = judge(stored, directives)
            else { return nil }
            return response
        } makeFlight: {
            Flight(
                retention: configuration.maximumEntrySize,
                keepsGoingAlone: configuration.onDisconnect == .finish,
                storing: storing)
        }
        switch joined {
        case .found(let response):
            return .response(response)
        case .collapsed(let reader):
            return .forwarded(
                Forward(reader: reader, cause: cause, mayStore: storing != nil, isCollapsed: true))
        case .leads(let reader, let flight):
            let recorder = FlightRecorder(
                key: key, request: lookup.cacheable, head: lookup.request.head,
                upstream: configuration.upstreams[lookup.request.upstream].baseURL)
            let message = upstreamRequest(
                for: lookup.request, isCacheable: true, body: .bytes(lookup.body))
            launch(flight, message, recorder: recorder)
            return .forwarded(
                Forward(reader: reader, cause: cause, mayStore: storing != nil, isCollapsed: false))
        }
    }

    private func bypass(
        _ request: ProxyRequest, _ reason: BypassReason, _ directives: Directives,
        body: ByteBuffer?
    ) -> Answer {
        if directives.onlyIfCached {
            return .response(
                ProxyError.notCached.response(cacheStatus: .bypass(reason)))
        }
        let passThrough = PassThrough(request: request, reason: reason)
        guard let body else { return .passThrough(passThrough) }
        return .forwarded(launch(passThrough, .bytes(body)))
    }
}
