import HummingbirdCore
import HummingbirdHTTP2
public import Logging
public import NIOCore
import NIOSSL
import RepriseCore
public import RepriseProxy
public import RepriseStorage
public import ServiceLifecycle

/// The proxy's listener: HTTP/1.1, or with a certificate HTTPS with HTTP/2.
///
/// On graceful shutdown it stops accepting, lets the requests in progress end, and returns.
public struct ProxyServer: Service {
    private let service: any Service
    private let address: ListenAddress

    /// Makes a server; nothing is bound before ``run()``.
    ///
    /// - Parameters:
    ///   - memory: The tier that hits come from.
    ///   - readiness: What `/ready` answers.
    ///   - executors: Those of `eventLoopGroup`, which connections' tasks run on.
    ///   - clock: The time that ages are counted in.
    ///   - hitLogSink: Where the hit path logs; nil: nowhere.
    ///   - onListening: Called with the address once connections are accepted.
    /// - Throws: ``StartError`` when the certificate or its key cannot be used.
    public init(
        settings: ServerSettings, proxy: CachingProxy, memory: MemoryTier, readiness: Readiness,
        eventLoopGroup: any EventLoopGroup, executors: EventLoopExecutors, clock: WallClock,
        logger: Logger, hitLogSink: LogSink?,
        onListening: @escaping @Sendable (ListenAddress) async -> Void
    ) throws(StartError) {
        let names = settings.upstreams.map(\.name)
        let routes = (["proxy", "v1"] + names).map { "/\($0)/..." } + ["/health", "/ready"]
        let table = RouteTable(names: names.map { Array($0.utf8) })
        let log = AccessLog(logger: logger)
        let responder = ProxyResponder(
            routes: table, routeNames: routes.joined(separator: ", "), proxy: proxy,
            readiness: readiness, log: log)
        let respond: HTTPChannelHandler.Responder = { request, writer, channel in
            try await responder.respond(to: request, writer: writer, channel: channel)
        }
        address = settings.listen
        let configuration = ServerConfiguration(
            address: .hostname(settings.listen.host, port: settings.listen.port), backlog: 4096)
        // The framework's own line about listening would double ours.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let loops = HitPathLoops(
            clock: clock,
            logTarget: logger.logLevel <= .info
                ? hitLogSink.map { HitLog.Target(format: settings.logFormat, sink: $0) } : nil)
        let channel = try Self.channel(
            settings, memory: memory, loops: loops, executors: executors,
            direct: DirectLookup(proxy: proxy, routes: table, log: log), respond)
        service = channel.server(
            configuration: configuration,
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? settings.listen.port
                await onListening(ListenAddress(host: settings.listen.host, port: port))
            },
            eventLoopGroup: eventLoopGroup, logger: quiet)
    }

    private static func channel(
        _ settings: ServerSettings, memory: MemoryTier, loops: HitPathLoops,
        executors: EventLoopExecutors, direct: DirectLookup,
        _ respond: @escaping HTTPChannelHandler.Responder
    ) throws(StartError) -> any ServerChildChannel {
        let timeouts = RequestGuard.Timeouts(
            head: TimeAmount(settings.headerTimeout), idle: TimeAmount(settings.clientIdleTimeout))
        let http1 = ProxyHTTP1Channel(
            responder: respond, timeouts: timeouts, memory: memory, loops: loops, direct: direct)
        guard let files = settings.tls else {
            return EventLoopChannel(base: http1, executors: executors)
        }
        let http2 = HTTP2Channel(
            responder: respond,
            configuration: .init(
                idleTimeout: settings.clientIdleTimeout,
                streamConfiguration: .init(
                    additionalChannelHandlers: streamHandlers(memory: memory, direct),
                    idleTimeout: timeouts.idle)))
        do {
            let secure = try ProxyTLSChannel(
                tls: try files.configuration(), http1: http1, http2: http2)
            return EventLoopChannel(base: secure, executors: executors)
        } catch {
            throw StartError(
                "\(files.certificate) and \(files.privateKey) cannot be used for TLS: \(error)")
        }
    }

    private static func streamHandlers(
        memory: MemoryTier, _ direct: DirectLookup
    ) -> [any RemovableChannelHandler] {
        let client = ClientConnection()
        let hits = StreamHitHandler(
            memory: memory, proxy: direct.proxy, client: client, log: direct.log)
        return [client, hits]
    }

    /// Listens and serves until graceful shutdown.
    ///
    /// - Throws: ``StartError`` when the address cannot be listened on.
    public func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw StartError("cannot listen on \(address): \(error.systemText)")
        } catch is SocketAddressError.UnknownHost {
            throw StartError("cannot listen on \(address): there is no such host")
        }
    }
}

/// Why the server does not start, in one line.
public struct StartError: Error, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// Makes an error.
    public init(_ description: String) {
        self.description = description
    }
}

extension TLSFiles {
    fileprivate func configuration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate)
        let key = try NIOSSLPrivateKey(file: privateKey, format: .pem)
        return .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    }
}
