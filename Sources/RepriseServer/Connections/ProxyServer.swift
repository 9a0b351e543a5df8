import HummingbirdCore
import HummingbirdHTTP2
public import Logging
public import NIOCore
import NIOSSL
import RepriseCore
public import RepriseProxy
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
    ///   - readiness: What `/ready` answers.
    ///   - onListening: Called with the address once connections are accepted.
    /// - Throws: ``StartError`` when the certificate or its key cannot be used.
    public init(
        settings: ServerSettings, proxy: CachingProxy, readiness: Readiness,
        eventLoopGroup: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (ListenAddress) async -> Void
    ) throws(StartError) {
        let names = settings.upstreams.map(\.name)
        let routes = (["proxy", "v1"] + names).map { "/\($0)/..." } + ["/health", "/ready"]
        let responder = ProxyResponder(
            routes: RouteTable(names: names.map { Array($0.utf8) }),
            routeNames: routes.joined(separator: ", "), proxy: proxy, readiness: readiness,
            log: AccessLog(logger: logger))
        let respond: HTTPChannelHandler.Responder = { request, writer, channel in
            try await responder.respond(to: request, writer: writer, channel: channel)
        }
        address = settings.listen
        let configuration = ServerConfiguration(
            address: .hostname(settings.listen.host, port: settings.listen.port), backlog: 4096)
        // The framework's own line about listening would double ours.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        service = try Self.channel(settings, respond).server(
            configuration: configuration,
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? settings.listen.port
                await onListening(ListenAddress(host: settings.listen.host, port: port))
            },
            eventLoopGroup: eventLoopGroup, logger: quiet)
    }

    private static func channel(
        _ settings: ServerSettings, _ respond: @escaping HTTPChannelHandler.Responder
    ) throws(StartError) -> any ServerChildChannel {
        let headTimeout = TimeAmount(settings.headerTimeout)
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: [DisconnectWatch(), RequestGuard(headTimeout: headTimeout)],
            idleTimeout: TimeAmount(settings.clientIdleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 64 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 256)
        )
        guard let files = settings.tls else {
            return PlainChannel(HTTP1Channel(responder: respond, configuration: http1))
        }
        do {
            return try HTTP2UpgradeChannel(
                tlsConfiguration: try files.configuration(),
                configuration: .init(
                    idleTimeout: settings.clientIdleTimeout, streamConfiguration: http1),
                responder: respond)
        } catch {
            throw StartError(
                "\(files.certificate) and \(files.privateKey) cannot be used for TLS: \(error)")
        }
    }

    /// Listens and serves until graceful shutdown.
    ///
    /// - Throws: ``StartError`` when the address cannot be listened on.
    public func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw StartError("cannot listen on \(address): \(error)")
        } catch let error as SocketAddressError {
            throw StartError("cannot listen on \(address): \(error)")
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
