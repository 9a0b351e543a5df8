import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to upstreams. Certificates are verified.
struct UpstreamDialer: Sendable {
    /// How long a connection may take, from the look-up of its host to the end of its handshake.
    let connectTimeout: TimeAmount
    private let tls: Result<NIOSSLContext, any Error>?

    /// Makes a dialer, and reads the authorities that the system trusts if they are needed.
    init(_ origins: [UpstreamOrigin?], connectTimeout: TimeAmount) {
        self.connectTimeout = connectTimeout
        let isSecure = origins.contains { $0?.isSecure == true }
        tls = isSecure ? Result { try Self.context() } : nil
    }

    private static func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    /// Connects, on the pool's event loop; the channel has an ``UpstreamConnection`` for its
    /// handler, which knows when it is ready.
    func open(
        _ origin: UpstreamOrigin, _ upstream: Int, for pool: UpstreamPool
    ) -> EventLoopFuture<any Channel> {
        let context: NIOSSLContext?
        do {
            context = origin.isSecure ? try tls?.get() : nil
        } catch {
            return pool.eventLoop.makeFailedFuture(error)
        }
        let isSecure = origin.isSecure
        // An address is checked against the certificate too, but is not named.
        let name = origin.address == nil ? origin.host : nil
        let pool = NIOLoopBound(pool, eventLoop: pool.eventLoop)
        let bootstrap = ClientBootstrap(group: pool.eventLoop)
            .connectTimeout(connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try pipeline.addHandler(
                        UpstreamConnection(
                            to: upstream, isSecure: isSecure, pool: pool.value))
                }
            }
        // What is an address already need not wait for a thread that looks up names.
        if let address = origin.address { return bootstrap.connect(to: address) }
        return bootstrap.connect(host: origin.host, port: origin.port)
    }
}
