import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP2
import NIOSSL

/// A connection with TLS: HTTP/2 or HTTP/1.1, as the client and ALPN choose (RFC 7301).
struct ProxyTLSChannel: ServerChildChannel {
    private let context: NIOSSLContext
    private let http1: ProxyHTTP1Channel
    private let http2: HTTP2Channel

    /// A connection whose protocol is settled by the handshake.
    struct Value: ServerChildChannelValue {
        fileprivate let negotiated:
            EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Channel.Value>>
        let channel: any Channel
    }

    /// Makes a channel that offers both protocols.
    ///
    /// - Throws: `NIOSSLError` when the certificate and the key cannot be used together.
    init(
        tls: TLSConfiguration, http1: ProxyHTTP1Channel, http2: HTTP2Channel
    ) throws {
        var tls = tls
        tls.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        context = try NIOSSLContext(configuration: tls)
        self.http1 = http1
        self.http2 = http2
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade { channel in
                http1.setup(channel: channel, logger: logger)
            } http2ConnectionInitializer: { channel in
                http2.setup(channel: channel, logger: logger)
            }
        }.map { Value(negotiated: $0, channel: channel) }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http1_1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        } catch {
            logger.debug("TLS handshake failed", metadata: ["error": "\(error)"])
        }
    }
}
