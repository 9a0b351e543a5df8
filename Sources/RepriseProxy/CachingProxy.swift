public import RepriseCore
public import RepriseLogging
public import RepriseNetwork
public import RepriseStorage
import Synchronization

/// Answers requests from the cache, or from one upstream call for all who ask the same.
///
/// One request's life is an ``Exchange`` in the core; ``ExchangeDriver`` drives it on the loop of its
/// connection. What loops share is here: the store, the table of fetches, whether it is ready.
public final class CachingProxy: Sendable {
    /// What every request's life depends on.
    public let settings: ExchangeSettings
    /// The routes of the proxy listener.
    public let routes: RouteTable
    /// Where responses are kept.
    public let store: TieredStore
    /// Where lines about requests go.
    public let logger: Logger

    /// Whether the servers that share the store make one upstream call for the same request.
    let collapsesAcrossServers: Bool
    let fetches = FetchTable()
    let worker: any Worker
    let upstreams: [Upstream]
    private let ready = Atomic(true)
    private let calls = Mutex(Calls())

    /// The upstream calls under way.
    private struct Calls {
        var underWay: [ObjectIdentifier: SharedFetch] = [:]
        var isClosed = false
        var onDrained: (@Sendable () -> Void)?

        /// What is to be told when the last call has ended.
        mutating func drained() -> (@Sendable () -> Void)? {
            guard isClosed, underWay.isEmpty else { return nil }
            defer { onDrained = nil }
            return onDrained
        }
    }

    /// Makes a proxy.
    ///
    /// - Parameters:
    ///   - upstreams: Where the base URLs of `settings` lead, in the same order.
    ///   - collapsesAcrossServers: Whether the servers that share the store make one upstream call
    ///     for the same request. Without effect for a store that has no leases.
    ///   - network: Where threads come from.
    public init(
        settings: ExchangeSettings, upstreams: [Upstream], store: TieredStore,
        collapsesAcrossServers: Bool = false, network: any Network, logger: Logger
    ) {
        self.settings = settings
        self.upstreams = upstreams
        self.store = store
        self.logger = logger
        self.collapsesAcrossServers = collapsesAcrossServers && store.isLeasing
        routes = RouteTable(names: settings.names)
        worker = network.makeWorker(named: "long-bodies")
    }

    /// The proxy on one loop. Called once for each, on its thread.
    public func makeLoop(_ loop: any EventLoop, client: HTTPClient) -> ProxyLoop {
        ProxyLoop(self, on: loop, client: client)
    }

    /// Whether the server takes new work: `/ready` says so to load balancers.
    public var isReady: Bool { ready.load(ordering: .relaxed) }

    /// Makes `/ready` answer 503 from now on.
    public func beginDraining() { ready.store(false, ordering: .relaxed) }

    /// Begins no more upstream calls.
    ///
    /// - Parameter completion: Called once those under way have ended; perhaps before this returns.
    public func finishCalls(_ completion: @escaping @Sendable () -> Void) {
        let drained = calls.withLock { calls in
            calls.isClosed = true
            calls.onDrained = completion
            return calls.drained()
        }
        drained?()
    }

    /// Cuts the upstream calls under way.
    public func cutCalls() {
        for fetch in calls.withLock({ Array($0.underWay.values) }) { fetch.cancel() }
    }

    /// Ends the threads that belong to the proxy.
    public func stop() { worker.stop() }

    /// Takes note of a call.
    ///
    /// - Returns: false when no more are begun.
    func callBegan(_ fetch: SharedFetch) -> Bool {
        calls.withLock { calls in
            if calls.isClosed { return false }
            calls.underWay[ObjectIdentifier(fetch)] = fetch
            return true
        }
    }

    /// Lets go of a call that has ended.
    func callEnded(_ fetch: SharedFetch) {
        let drained = calls.withLock { calls in
            calls.underWay[ObjectIdentifier(fetch)] = nil
            return calls.drained()
        }
        drained?()
    }
}
