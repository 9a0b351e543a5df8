import NIOCore
import NIOPosix
import Synchronization

/// A server on a real socket that answers bytes with bytes, as a test tells it.
final class ScriptedServer: Sendable {
    /// What is done about what has come.
    enum Reaction: Sendable {
        /// Waits for more.
        case wait
        /// Sends text, and forgets what has come.
        case send(String)
        /// Sends text, and closes the connection.
        case close(String = "")
        /// Reads no more.
        case stopReading
    }

    /// Decides from the number of a connection, from 0 on, and the text that has come on it.
    typealias Script = @Sendable (_ connection: Int, _ text: String) -> Reaction

    private struct Log {
        var texts: [String] = []
        var channels: [any Channel] = []
        var openCount = 0
        var waiters: [(condition: @Sendable (Log) -> Bool, promise: EventLoopPromise<Void>)] = []
    }

    private let script: Script
    private let log = Mutex(Log())
    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()

    private init(_ script: @escaping Script) {
        self.script = script
    }

    /// Serves while `body` runs.
    static func run<R>(
        _ script: @escaping Script, _ body: (ScriptedServer, _ port: Int) async throws -> R
    ) async throws -> R {
        let server = ScriptedServer(script)
        let listener = try await ServerBootstrap(group: server.eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Connection(server, number: server.opened(channel)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<R, any Error>
        do {
            result = .success(try await body(server, listener.localAddress?.port ?? 0))
        } catch {
            result = .failure(error)
        }
        try await listener.close()
        for channel in server.log.withLock({ $0.channels }) { try? await channel.close() }
        return try result.get()
    }

    /// All that has come on each connection.
    var texts: [String] { log.withLock { $0.texts } }

    /// Sends text on a connection.
    func send(_ text: String, on connection: Int) {
        let channel = log.withLock { $0.channels[connection] }
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Closes a connection.
    func close(_ connection: Int) {
        log.withLock { $0.channels[connection] }.close(promise: nil)
    }

    /// Waits until so many connections are open.
    func waitForOpen(_ count: Int) async throws {
        try await wait { $0.openCount == count }
    }

    /// Waits until text has come on a connection.
    func wait(for text: String, on connection: Int) async throws {
        try await wait { $0.texts.count > connection && $0.texts[connection].contains(text) }
    }

    private func wait(until condition: @escaping @Sendable (borrowing Log) -> Bool) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        change { $0.waiters.append(({ condition($0) }, promise)) }
        try await promise.futureResult.get()
    }

    private func change(_ body: (inout Log) -> Void) {
        let due = log.withLock { log in
            body(&log)
            let waiters = log.waiters
            let isDue = waiters.map { $0.condition(log) }
            log.waiters = zip(waiters, isDue).filter { !$1 }.map { $0.0 }
            return zip(waiters, isDue).filter { $1 }.map { $0.0.promise }
        }
        for promise in due { promise.succeed() }
    }

    private func opened(_ channel: any Channel) -> Int {
        var number = 0
        change { log in
            number = log.channels.count
            log.channels.append(channel)
            log.texts.append("")
            log.openCount += 1
        }
        return number
    }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: ScriptedServer
        private let number: Int
        private var text = ""

        init(_ server: ScriptedServer, number: Int) {
            self.server = server
            self.number = number
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let arrived = String(buffer: unwrapInboundIn(data))
            text += arrived
            server.change { $0.texts[number] += arrived }
            switch server.script(number, text) {
            case .wait: break
            case .send(let answer):
                text = ""
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            case .close(let answer):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
                context.close(promise: nil)
            case .stopReading:
                try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            server.change { $0.openCount -= 1 }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
