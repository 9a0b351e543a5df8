import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import RepriseStorage

/// An HTTP/1.1 connection: the hit path in front of the full one.
struct ProxyHTTP1Channel: ServerChildChannel {
    private let http1: HTTP1Channel
    private let timeouts: RequestGuard.Timeouts
    private let memory: MemoryTier
    private let loops: HitPathLoops
    private let direct: DirectLookup

    init(
        responder: @escaping HTTPChannelHandler.Responder, timeouts: RequestGuard.Timeouts,
        memory: MemoryTier, loops: HitPathLoops, direct: DirectLookup
    ) {
        self.timeouts = timeouts
        self.memory = memory
        self.loops = loops
        self.direct = direct
        // Idle connections are the request guard's business: the framework's own timeout does not
        // see what the hit path answers.
        http1 = HTTP1Channel(
            responder: responder,
            configuration: .init(
                additionalChannelHandlers: [ClientConnection(), RequestGuard(timeouts: timeouts)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 64 << 10, maxHeaderListSize: 64 << 10,
                    maxHeaderFieldCount: 256)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
            try addHitPath(to: channel)
            let codec = try channel.pipeline.syncOperations.handler(
                type: HTTP1ToHTTPServerCodec.self)
            try channel.pipeline.syncOperations.addHandler(
                ConnectionPersistence(), position: .before(codec))
            return value
        }
    }

    /// Puts the hit path right in front of the codec: behind TLS, if there is any.
    private func addHitPath(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let requestGuard = try pipeline.handler(type: RequestGuard.self)
        let hitPath = HitPathHandler(
            memory: memory, client: try pipeline.handler(type: ClientConnection.self),
            socket: HitSocket(channel), requestGuard: requestGuard, loop: loops.loop(of: channel),
            direct: direct)
        requestGuard.onResponseEnd = { [weak hitPath] in hitPath?.responseEnded() }
        let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
        try pipeline.addHandler(hitPath, position: .before(encoder))
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http1.handle(value: value, logger: logger)
    }
}
