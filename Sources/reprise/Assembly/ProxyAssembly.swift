import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy
import RepriseServer
import RepriseStorage
import Synchronization

/// What a proxy is assembled from, once settings are read.
struct ProxyPlan: Sendable {
    /// What every request's life depends on.
    var settings = ExchangeSettings()
    /// Where the base URLs lead, in the order of ``settings``.
    var upstreams: [Upstream]
    /// Deadlines and bounds of client connections.
    var server = ServerConfiguration()
    /// How upstreams are called.
    var connectTimeout = Duration.seconds(5)
    var silence = Duration.seconds(600)
    var proxies = ProxyConfiguration()
    /// Bytes of the memory tier.
    var memory = 256_000_000
    /// Seconds after which a response leaves memory; nil for no limit.
    var memoryTTL: Int64?
    /// Whether the servers that share the store make one upstream call for the same request.
    var collapsesAcrossServers = false
    /// How long a lookup waits for the store.
    var storeTimeout = Duration.milliseconds(50)
}

/// A proxy with all that belongs to it, from its start to its end.
///
/// The end comes in this order: no requests, then no calls, then no writes.
final class ProxyAssembly: Sendable {
    /// The threads and sockets.
    let network: any Network
    /// The cache.
    let store: TieredStore
    /// What answers requests.
    let proxy: CachingProxy
    /// What accepts connections.
    let server: HTTPServer

    private let plan: ProxyPlan
    private let logger: Logger
    /// Made on the first call to an upstream over TLS: reading the system's authorities takes a
    /// while.
    private let trust = Mutex<TLSContext?>(nil)

    /// Puts a proxy together.
    ///
    /// - Parameters:
    ///   - persistent: The store behind memory; nil for none.
    ///   - storeName: The store as the log names it.
    init(
        _ plan: ProxyPlan, network: any Network, persistent: (any ResponseStore)?,
        storeName: String, logger: Logger
    ) {
        self.plan = plan
        self.network = network
        self.logger = logger
        let loop = network.loops[0]
        let memory = MemoryTier(
            capacity: plan.memory, timeToLive: plan.memoryTTL, now: { loop.wallClock })
        var limits = TieredStore.Limits()
        limits.deadline = plan.storeTimeout
        store = TieredStore(
            memory: memory, persistent: persistent, name: storeName, limits: limits,
            network: network, logger: logger)
        proxy = CachingProxy(
            settings: plan.settings, upstreams: plan.upstreams, store: store,
            collapsesAcrossServers: plan.collapsesAcrossServers, network: network, logger: logger)
        server = HTTPServer(proxy, network: network, configuration: plan.server)
    }

    /// Begins to work, without listening yet.
    ///
    /// - Parameter completion: Called on a loop once requests can be answered.
    func start(_ completion: @escaping @Sendable () -> Void) {
        store.start()
        server.start(makeClient: { [self] in makeClient($0) }, completion)
    }

    /// Ends: responses under way are finished until the deadline, then cut; then what waits is
    /// written.
    ///
    /// - Parameter completion: Called once all is done.
    func end(within limit: Duration, _ completion: @escaping @Sendable () -> Void) {
        let loop = network.loops[0]
        let server = server
        let proxy = proxy
        loop.post {
            let timer = loop.schedule(after: limit) {
                server.cut()
                proxy.cutCalls()
            }
            let bound = LoopBound(timer, on: loop)
            server.drain { [self] in
                proxy.finishCalls { [self] in
                    loop.post { bound.value.cancel() }
                    store.close(within: .seconds(10)) { [logger] unwritten in
                        if unwritten > 0 {
                            logger.log(
                                .warning, "Entries were left unwritten.",
                                [LogField("entries", .integer(Int64(unwritten)))])
                        }
                        proxy.stop()
                        completion()
                    }
                }
            }
        }
    }

    private func makeClient(_ loop: any EventLoop) -> HTTPClient {
        var configuration = HTTPClient.Configuration { [self] stream, host, deadline, done in
            guard let context = trustedContext() else {
                stream.abort()
                loop.afterThisTurn { done(.failure(.tls(.failed("no trust store")))) }
                return NoAttempt()
            }
            return TLSStream.connect(
                over: stream, context: context, host: host, applicationProtocols: ["http/1.1"],
                deadline: deadline, completion: done)
        }
        configuration.dialer.timeout = plan.connectTimeout
        configuration.silence = plan.silence
        configuration.proxies = plan.proxies
        return HTTPClient(loop: loop, configuration: configuration)
    }

    private func trustedContext() -> TLSContext? {
        trust.withLock { context in
            if context == nil {
                do {
                    context = try TLSContext.client()
                } catch {
                    logger.log(
                        .error, "Upstreams cannot be called over TLS.",
                        [LogField("error", .text("\(error)"))])
                }
            }
            return context
        }
    }
}

/// An attempt that is over before it began.
private final class NoAttempt: LoopAttempt {
    func cancel() {}
}
