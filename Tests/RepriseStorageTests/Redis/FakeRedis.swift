import NIOCore
import NIOPosix
import Synchronization

/// A server that speaks when it is spoken to, in whatever way a test wants.
final class FakeRedis: Sendable {
    let port: Int
    private let channel: any Channel
    private let connections: Connections
    private let group: MultiThreadedEventLoopGroup

    /// Starts a server.
    ///
    /// - Parameter answer: Tells what to send for the bytes that have arrived; nil to close.
    init(answer: @escaping @Sendable (String) -> String?) async throws {
        let connections = Connections()
        self.connections = connections
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                connections.all.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// Starts a server that gets over the handshake of version 3 by itself.
    ///
    /// - Parameter answer: Tells what to send for what arrives afterwards; nil to close.
    static func ready(
        answer: @escaping @Sendable (String) -> String?
    ) async throws -> FakeRedis {
        try await FakeRedis { text in
            if text.contains("HELLO") { return "%0\r\n" }
            return text.contains("SETNAME") ? "+OK\r\n+OK\r\n" : answer(text)
        }
    }

    /// Sends a text on all connections, without being asked, before anything that is asked later
    /// is answered.
    func say(_ text: String) async throws {
        for channel in connections.all.withLock({ $0 }) {
            try await channel.writeAndFlush(ByteBuffer(string: text))
        }
    }

    /// Closes the server and all its connections.
    func close() async throws { try await group.shutdownGracefully() }

    /// What the server has accepted.
    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: @Sendable (String) -> String?

        init(answer: @escaping @Sendable (String) -> String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let text = answer(String(buffer: unwrapInboundIn(data))) else {
                return context.close(promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
