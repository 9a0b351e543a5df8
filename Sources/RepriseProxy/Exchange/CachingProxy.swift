public import Logging
import NIOCore
public import RepriseCore
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
    /// Whether servers that share the store make one call between them.
    let collapsesAcrossServers: Bool

    /// Makes a proxy; ``run()`` must run for it to reach upstreams.
    ///
    /// - Parameters:
    ///   - executors: Where upstream calls run: on the event loop of the request that began each.
    ///   - clock: The time that ages are counted in.
    public init(
        configuration: ProxyConfiguration, store: TieredStore, executors: EventLoopExecutors,
        clock: WallClock = .system, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.clock = clock
        self.logger = logger
        collapsesAcrossServers = configuration.collapsesAcrossServers && store.isLeasing
        let flights = FlightService(executors: executors)
        self.flights = flights
        upstream = UpstreamClient(configuration, on: executors.eventLoops) {
            flights.launch($0)
        }
    }

    /// Runs upstream calls until graceful shutdown, then finishes those under way.
    public func run() async {
        await flights.run()
        await upstream.shutDown()
    }

    /// What is to be done for a request.
    public enum Answer: Sendable {
        /// It has all that it needs.
        case reply(Reply)
        /// It goes upstream as it is: see ``CachingProxy/launch(_:body:)``.
        case passThrough(PassThrough)
    }

    /// Where the response to a request comes from.
    public enum Reply: Sendable {
        /// From here: a hit or an error.
        case response(ProxyResponse)
        /// From an upstream call that is under way: see ``CachingProxy/response(to:)``.
        case forwarded(Forward)
    }

    /// Decides what a request gets.
    ///
    /// Reads the body only of a request that may be cached; any other body is left unread, to be
    /// streamed.
    public func answer(_ request: ProxyRequest) async -> Answer {
        if let prepared = request.prepared {
            return await look(request, prepared.inquiry, isAbsent: prepared.isAbsent)
        }
        let directives: Directives
        do {
            directives = try Directives.parse(request.head.headers)
        } catch {
            return .reply(.response(ProxyError(error).response()))
        }
        if let reason = RequestPolicy.bypass(request.head, directives) {
            return bypass(request, reason, directives, body: nil)
        }
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: configuration.maximumBodySize)
        } catch {
            return .reply(.response(error.response()))
        }
        switch await plan(request, directives, body) {
        case .bypass(let reason):
            return bypass(request, reason, directives, body: body)
        case .cacheable(let cacheable):
            let inquiry = Inquiry(directives: directives, cacheable: cacheable, body: body)
            learn(request.alias, for: inquiry)
            return await look(request, inquiry, isAbsent: false)
        }
    }

    /// Canonicalises a body, a long one where no hit waits for it.
    private func plan(
        _ request: ProxyRequest, _ directives: Directives, _ body: ByteBuffer
    ) async -> RequestPolicy.Plan {
        let place = body.readableBytes > Self.longBody ? globalConcurrentExecutor : nil
        return await withTaskExecutorPreference(place) {
            plan(request.head, directives, upstream: request.upstream, body)
        }
    }

    /// Bytes of a body that an event loop should not be held up by.
    private static let longBody = 256 << 10

    private func look(_ request: ProxyRequest, _ inquiry: Inquiry, isAbsent: Bool) async -> Answer {
        let found =
            inquiry.directives.skipsLookup ? nil : await stored(inquiry.key, isAbsent: isAbsent)
        return .reply(
            reply(to: inquiry, head: request.head, upstream: request.upstream, stored: found) {
                .fields(HeaderPolicy.toUpstream(request.head.headers, cacheable: true))
            })
    }

    /// Looks in memory, then in the store, unless that has been asked or a call for the key is
    /// under way: that call began because the store had nothing.
    private func stored(_ key: CacheKey, isAbsent: Bool) async -> CachedResponse? {
        if let found = store.memoryLookup(key) { return found }
        if isAbsent || collapser.isUnderWay(key) { return nil }
        return await store.lookup(key)
    }

    /// Decides what a request gets once it has been looked up.
    ///
    /// - Parameters:
    ///   - head: The head, with its path below the upstream's base; of its fields, those that the
    ///     key depends on.
    ///   - upstream: Index into ``ProxyConfiguration/upstreams``.
    ///   - stored: What memory or the store has for it.
    ///   - headers: All fields that go upstream; asked for only if it goes there.
    public func reply(
        to inquiry: Inquiry, head: RequestHead, upstream: Int, stored: CachedResponse?,
        forwarding headers: () -> ForwardedHeaders
    ) -> Reply {
        let directives = inquiry.directives
        var cause = Forward.Cause(reason: .uriMiss)
        if directives.skipsLookup {
            cause.reason = .request
            cause.detail = directives.refresh == true ? .refresh : nil
        } else if let stored {
            switch judge(stored, directives) {
            case .hit(let response): return .response(response)
            case .forward(let because): cause = because
            }
        }
        if directives.onlyIfCached {
            return .response(
                ProxyError.notCached.response(
                    cacheStatus: .generated(.onlyIfCached)))
        }
        return join(inquiry, head, headers, upstream: upstream, cause: cause)
    }

    private func join(
        _ inquiry: Inquiry, _ head: RequestHead, _ headers: () -> ForwardedHeaders, upstream: Int,
        cause: Forward.Cause
    ) -> Reply {
        let directives = inquiry.directives
        let key = inquiry.key
        let storing =
            directives.mayStore
            ? StoringTerms(
                ttl: directives.ttl ?? configuration.defaultTTL, tags: directives.tags,
                namespace: directives.namespace)
            : nil
        let takesOthersAnswer = storing != nil && !directives.skipsLookup
        let awaitsOthers = collapsesAcrossServers && takesOthersAnswer
        let joined = collapser.join(key, storing: storing, takesOthersAnswer: takesOthersAnswer) {
            () -> ProxyResponse? in
            guard !directives.skipsLookup, let stored = store.memoryLookup(key),
                case .hit(let response) = judge(stored, directives)
            else { return nil }
            return response
        } makeFlight: {
            Flight(
                retention: configuration.maximumEntrySize,
                // Nothing is paid for while another server makes the call.
                keepsGoingAlone: !awaitsOthers && configuration.onDisconnect == .finish,
                awaitsOthers: awaitsOthers, storing: storing)
        }
        switch joined {
        case .found(let response):
            return .response(response)
        case .collapsed(let reader):
            return .forwarded(
                Forward(reader: reader, cause: cause, mayStore: storing != nil, isCollapsed: true))
        case .leads(let reader, let flight):
            let recorder = FlightRecorder(
                key: key, request: inquiry.cacheable, head: head,
                upstream: configuration.upstreams[upstream].baseURL)
            let message = upstreamRequest(
                for: head, headers(), upstream: upstream, body: .bytes(inquiry.body))
            let turn =
                awaitsOthers ? CallTurn(key, directives, store: store, clock: clock) : nil
            launch(flight, message, recorder: recorder, turn: turn)
            return .forwarded(
                Forward(reader: reader, cause: cause, mayStore: storing != nil, isCollapsed: false))
        }
    }

    private func bypass(
        _ request: ProxyRequest, _ reason: BypassReason, _ directives: Directives,
        body: ByteBuffer?
    ) -> Answer {
        if directives.onlyIfCached {
            return .reply(
                .response(ProxyError.notCached.response(cacheStatus: .bypass(reason))))
        }
        let passThrough = PassThrough(request: request, reason: reason)
        guard let body else { return .passThrough(passThrough) }
        return .reply(.forwarded(launch(passThrough, .bytes(body))))
    }
}
