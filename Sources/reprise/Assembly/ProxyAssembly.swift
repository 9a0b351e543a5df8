import AsyncHTTPClient
import Logging
import NIOCore
import NIOPosix
import RepriseProxy
import RepriseServer
import RepriseStorage
import ServiceLifecycle

/// The proxy put together from its rooms: the only place that knows them all.
struct ProxyAssembly {
    private let settings: ServerSettings
    private let storeName: String
    private let eventLoopGroup: MultiThreadedEventLoopGroup
    private let client: HTTPClient
    private let store: TieredStore
    private let proxy: CachingProxy
    private let executors: EventLoopExecutors
    private let readiness = Readiness()
    private let clock: WallClock
    private let logger: Logger
    private let hitLogSink: LogSink?

    /// Opens the store and makes everything that needs no socket.
    ///
    /// - Parameters:
    ///   - environment: Says where the user's cache directory is.
    ///   - clock: What ages are counted in.
    ///   - logger: Nil writes to standard error as the settings say.
    ///   - hitLogSink: Where hits are logged, each event loop's together.
    ///   - eventLoopGroup: Its owner shuts it down, if at all. Without one, event loops are made that
    ///     last as long as the process: what the framework still releases when all has been served
    ///     speaks to them once more.
    /// - Throws: ``StoreURL/Invalid`` or ``StartError`` when the store cannot be used.
    init(
        _ settings: ServerSettings, environment: [String: String], clock: WallClock = .system,
        logger: Logger? = nil, hitLogSink: LogSink? = .standardError,
        eventLoopGroup: MultiThreadedEventLoopGroup? = nil
    ) throws {
        let logger = logger ?? settings.makeLogger()
        self.settings = settings
        self.logger = logger
        self.clock = clock
        self.hitLogSink = hitLogSink
        let eventLoopGroup =
            eventLoopGroup
            ?? MultiThreadedEventLoopGroup(
                numberOfThreads: settings.threads ?? System.coreCount)
        self.eventLoopGroup = eventLoopGroup
        let configuration = settings.proxyConfiguration
        client = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup),
            configuration: .stores(configuration))
        let opened: OpenedStore
        do {
            opened = try OpenedStore(
                settings, environment: environment,
                network: .init(eventLoopGroup: eventLoopGroup, client: client), clock: clock,
                logger)
        } catch {
            try client.syncShutdown()
            throw error
        }
        store = opened.tiered
        storeName = opened.name
        executors = EventLoopExecutors(eventLoopGroup)
        proxy = CachingProxy(
            configuration: configuration, store: store, executors: executors, clock: clock,
            logger: logger)
    }

    /// Serves until told to stop, then drains, flushes and closes everything.
    ///
    /// - Parameters:
    ///   - stoppingOnSignals: Whether SIGTERM and SIGINT stop it: the first gracefully, the second
    ///     at once. Otherwise it stops when its task is cancelled.
    ///   - onListening: Called with the address once connections are accepted.
    func run(
        stoppingOnSignals: Bool, onListening: @escaping @Sendable (ListenAddress) async -> Void
    ) async throws {
        let failure: (any Error)?
        do {
            let server = try ProxyServer(
                settings: settings, proxy: proxy, memory: store.memory, readiness: readiness,
                eventLoopGroup: eventLoopGroup, executors: executors, clock: clock, logger: logger,
                hitLogSink: hitLogSink, onListening: onListening)
            try await serve(server, stoppingOnSignals: stoppingOnSignals)
            failure = nil
        } catch {
            failure = error
        }
        try await client.shutdown()
        if let failure { throw failure }
    }

    private func serve(_ server: ProxyServer, stoppingOnSignals: Bool) async throws {
        // Shut down from the last to the first: no new requests, then no calls, then no writes.
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: store), .init(service: proxy),
                .init(
                    service: server, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup),
            ], logger: quietLogger)
        configuration.maximumGracefulShutdownDuration = settings.shutdownTimeout
        let group = ServiceGroup(configuration: configuration)
        // Trapped before anything runs: a signal may come as soon as the first line is printed.
        let signals =
            stoppingOnSignals
            ? await ShutdownSignals(
                readiness: readiness, drainDelay: settings.drainDelay, logger: logger) : nil
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // Signals are watched while the services run.
            tasks.addTask { try await group.run() }
            if let signals {
                tasks.addTask { await signals.watch(group) }
            }
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    /// The service group's own lines are of no interest to who runs the proxy.
    private var quietLogger: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .error)
        return logger
    }

    /// The line that says where the proxy listens and what stands behind it.
    func announcement(listeningOn address: ListenAddress) -> String {
        let scheme = settings.tls == nil ? "http" : "https"
        return "Reprise listens on \(scheme)://\(address), "
            + "upstream \(settings.defaultUpstream), store \(storeName)"
    }
}
