import NIOCore
import NIOHTTP1
import NIOPosix

/// An LLM API on a real socket of the loopback interface, which does what a ``Script`` says and
/// remembers what it was asked.
///
/// In a test, ``run(port:_:_:)`` starts it, hands it to the body and stops it. As a long-lived
/// service, ``start(port:_:keepingLast:)`` binds it and ``run()`` serves until it is cancelled.
public final class SimulatedUpstream: Sendable {
    /// The address it listens on.
    public static let host = "127.0.0.1"

    /// The port it listens on.
    public let port: Int

    private let listener: any Channel
    private let log: ObservationLog

    private init(listener: any Channel, port: Int, log: ObservationLog) {
        self.listener = listener
        self.port = port
        self.log = log
    }

    /// Its origin without a path, for example `http://127.0.0.1:49152`.
    public var origin: String {
        "http://\(Self.host):\(port)"
    }

    /// Binds the port and takes connections from then on, until ``stop()`` or ``run()`` ends it.
    ///
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - script: What it answers.
    ///   - limit: How many requests (and disconnects) it remembers whole; counts go on.
    /// - Throws: `IOError` when the port is taken.
    public static func start(
        port: Int = 0, _ script: Script, keepingLast limit: Int = 10_000
    ) async throws -> SimulatedUpstream {
        let log = ObservationLog(limit: limit)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard let connection = log.opened(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder()),
                        SimulatorHandler(script: script, log: log, connection: connection))
                }
            }
            .bind(host: host, port: port).get()
        guard let port = listener.localAddress?.port else {
            throw ChannelError.unknownLocalAddress
        }
        return SimulatedUpstream(listener: listener, port: port, log: log)
    }

    /// Starts an upstream, runs `body` with it, and stops it however `body` ends.
    ///
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - script: What it answers.
    /// - Throws: What `body` throws, or `IOError` when the port is taken.
    public static func run<R>(
        port: Int = 0, _ script: Script,
        _ body: (SimulatedUpstream) async throws -> R
    ) async throws -> R {
        let upstream = try await start(port: port, script)
        do {
            let result = try await body(upstream)
            await upstream.stop()
            return result
        } catch {
            await upstream.stop()
            throw error
        }
    }

    /// Serves until the calling task is cancelled, then stops.
    ///
    /// - Throws: What made the listener close by itself.
    public func run() async throws {
        let listener = listener
        try await withTaskCancellationHandler {
            try await listener.closeFuture.get()
        } onCancel: {
            listener.close(promise: nil)
        }
        await stop()
    }

    /// Stops listening and closes all connections; unfinished responses are cut. Twice is once.
    public func stop() async {
        // Either is closed already when this is the second call, which is no failure.
        try? await listener.close().get()
        for channel in log.stop() {
            try? await channel.close().get()
        }
    }
}

extension SimulatedUpstream {
    /// The last whole requests (10,000 unless told otherwise), in the order of their arrival.
    public var requests: [SimulatedRequest] {
        log.requests
    }

    /// How many whole requests have come in all.
    public var requestCount: Int {
        log.requestSignal.count
    }

    /// How many whole requests have come for a path, whatever their query.
    public func count(of path: String) -> Int {
        log.count(of: path)
    }

    /// How many responses have been handed to the kernel to their clean end.
    public var responseCount: Int {
        log.responseSignal.count
    }

    /// How many connections have been accepted in all.
    public var connectionCount: Int {
        log.connectionSignal.count
    }

    /// How many connections are open now.
    public var openConnections: Int {
        log.openConnections
    }

    /// The peers that left before the end of the response, in their order.
    public var disconnects: [SimulatedDisconnect] {
        log.disconnects
    }

    /// Bytes that the kernel took on one connection, heads and framing included; it stands still
    /// while the peer does not read.
    ///
    /// - Parameter connection: The ``SimulatedRequest/connection`` of a request.
    public func bytesWritten(connection: Int) -> Int {
        log.bytesWritten(connection: connection)
    }

    /// Bytes of request bodies read so far, those of unfinished requests included.
    public var bytesUploaded: Int {
        log.bytesUploaded
    }

    /// How many times a response had to wait because the peer did not read.
    public var stallCount: Int {
        log.stallSignal.count
    }

    /// Returns when `count` whole requests have come, or when the task is cancelled.
    public func waitForRequests(_ count: Int) async {
        await log.requestSignal.wait(for: count)
    }

    /// Returns when `count` responses have gone out to their clean end, or when the task is
    /// cancelled.
    public func waitForResponses(_ count: Int) async {
        await log.responseSignal.wait(for: count)
    }

    /// Returns when `count` peers have left before the end of the response, or when the task is
    /// cancelled.
    public func waitForDisconnects(_ count: Int) async {
        await log.disconnectSignal.wait(for: count)
    }

    /// Returns when `count` connections have been accepted, or when the task is cancelled.
    public func waitForConnections(_ count: Int) async {
        await log.connectionSignal.wait(for: count)
    }

    /// Returns when responses had to wait for a slow peer `count` times, or when the task is
    /// cancelled.
    public func waitForStalls(_ count: Int) async {
        await log.stallSignal.wait(for: count)
    }
}
