import NIOCore

/// Sends requests to upstreams by HTTP/1.1.
///
/// A request uses a connection of its event loop only. No redirects are followed, nothing is
/// retried (the SDKs retry) or decompressed.
final class UpstreamClient: Sendable {
    private let pools: [ObjectIdentifier: NIOLoopBoundBox<UpstreamPool>]

    /// Makes a client without connections.
    ///
    /// - Parameters:
    ///   - eventLoops: Those that requests are sent on.
    ///   - keepAlive: How long a connection is kept that nobody uses.
    ///   - launch: Starts the tasks that read requests' bodies.
    init(
        _ configuration: ProxyConfiguration, on eventLoops: [any EventLoop],
        keepAlive: TimeAmount = .seconds(60), launch: @escaping UpstreamPool.Launch
    ) {
        let origins = configuration.upstreams.map { UpstreamOrigin(baseURL: $0.baseURL) }
        let dialer = UpstreamDialer(origins, connectTimeout: configuration.connectTimeout)
        let idleTimeout = configuration.idleTimeout
        pools = Dictionary(
            uniqueKeysWithValues: eventLoops.map { eventLoop in
                let pool = UpstreamPool(
                    origins, dialer: dialer, idleTimeout: idleTimeout, keepAlive: keepAlive,
                    launch: launch, on: eventLoop)
                return (
                    ObjectIdentifier(eventLoop),
                    .makeBoxSendingValue(pool, eventLoop: eventLoop)
                )
            })
    }

    /// Sends a request; to be called on one of the client's event loops.
    ///
    /// - Returns: The exchange; nil when there is none, which the receiver knows.
    func send(
        _ request: UpstreamRequest, to receiver: any UpstreamResponseReceiver,
        on eventLoop: any EventLoop
    ) -> UpstreamExchange? {
        guard let pool = pools[ObjectIdentifier(eventLoop)] else {
            preconditionFailure("requests are sent on the client's event loops")
        }
        return pool.value.send(request, to: receiver)
    }

    /// Closes the connections that nobody uses, and keeps none from now on.
    func shutDown() async {
        for pool in pools.values {
            // Fails when the loop has been shut down, and its connections with it.
            try? await pool.eventLoop.submit { pool.value.close() }.get()
        }
    }
}
