import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to the servers of one address.
struct RedisDialer: Sendable {
    /// How long a connection may take, from the look-up of its host to the end of its handshake.
    let deadline: TimeAmount
    private let tls: Result<NIOSSLContext?, StoreError>

    /// Makes a dialer, and reads the authorities to trust.
    ///
    /// - Parameters:
    ///   - address: Tells whether to use TLS, and whom to trust. A file of authorities that cannot
    ///     be read makes every connection fail, with a reason that names it.
    ///   - deadline: How long a connection may take.
    init(_ address: RedisAddress, deadline: TimeAmount) {
        self.deadline = deadline
        tls = Self.tls(address)
    }

    private static func tls(_ address: RedisAddress) -> Result<NIOSSLContext?, StoreError> {
        guard address.usesTLS else { return .success(nil) }
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let path = address.authorities {
                configuration.trustRoots = .certificates(
                    try NIOSSLCertificate.fromPEMFile(path))
            }
            return .success(try NIOSSLContext(configuration: configuration))
        } catch {
            let file = address.authorities ?? "the system's authorities"
            return .failure(.unavailable("\(file) cannot be read as certificates in PEM form"))
        }
    }

    /// Connects, and puts a handler on the connection.
    func open(
        _ endpoint: RedisEndpoint, on eventLoop: any EventLoop, _ handler: RedisChannelHandler
    ) -> EventLoopFuture<any Channel> {
        let context: NIOSSLContext?
        switch tls {
        case .success(let value): context = value
        case .failure(let error): return eventLoop.makeFailedFuture(error)
        }
        let handler = NIOLoopBound(handler, eventLoop: eventLoop)
        let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(deadline)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        // An address is checked against the certificate too, but is not named.
                        try pipeline.addHandler(
                            NIOSSLClientHandler(
                                context: context,
                                serverHostname: address == nil ? endpoint.host : nil))
                    }
                    try pipeline.addHandler(handler.value)
                }
            }
        // What is an address already need not wait for a thread that looks up names.
        if let address { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: endpoint.host, port: endpoint.port)
    }

    /// What an error of a connection means, after the server's name.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty { return "cannot be found by its name" }
            return error.connectionErrors.first.map { reason($0.error) } ?? "cannot be connected"
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return "refuses the connection"
        case let error as IOError:
            return "cannot be reached (errno \(error.errnoCode))"
        case is ChannelError:
            return "did not answer in time"
        case let error where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            return "has a certificate that is not trusted; name its authority with ?cacert=PATH"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "has a certificate for another host"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return "does not speak TLS as it should"
        default:
            return "cannot be connected"
        }
    }
}
