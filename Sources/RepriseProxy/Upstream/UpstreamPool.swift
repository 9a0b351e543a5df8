import NIOCore

/// The connections to upstreams of one event loop: as many as there are exchanges, and those that
/// wait for the next one.
///
/// Bound to its event loop.
final class UpstreamPool {
    /// Starts a task; false when there is nobody to run it.
    typealias Launch = @Sendable (@escaping @Sendable () async -> Void) -> Bool

    let eventLoop: any EventLoop
    /// How long an upstream may keep still.
    let idleTimeout: TimeAmount
    let launch: Launch
    private let origins: [UpstreamOrigin?]
    private let dialer: UpstreamDialer
    private let keepAlive: TimeAmount
    /// By upstream, the one that was used last at the end. Some may have been closed since.
    private var idle: [[UpstreamConnection]]
    private var isSweepDue = false
    private var isClosed = false

    /// Makes a pool without connections.
    ///
    /// - Parameters:
    ///   - origins: The upstreams by their index; nil for one whose base URL is none.
    ///   - keepAlive: How long a connection is kept that nobody uses.
    ///   - launch: Starts the tasks that read requests' bodies.
    init(
        _ origins: [UpstreamOrigin?], dialer: UpstreamDialer, idleTimeout: TimeAmount,
        keepAlive: TimeAmount, launch: @escaping Launch, on eventLoop: any EventLoop
    ) {
        self.origins = origins
        self.dialer = dialer
        self.idleTimeout = idleTimeout
        self.keepAlive = keepAlive
        self.launch = launch
        self.eventLoop = eventLoop
        idle = origins.map { _ in [] }
    }

    /// Sends a request.
    ///
    /// - Returns: The exchange; nil when the request cannot be sent, which the receiver knows.
    func send(
        _ request: UpstreamRequest, to receiver: any UpstreamResponseReceiver
    ) -> UpstreamExchange? {
        let upstream = request.upstream
        guard let origin = origins[upstream] else {
            receiver.end(.unsendable("the base URL of its upstream is not one of HTTP"))
            return nil
        }
        let serialized: SerializedRequest
        do throws(UpstreamError) {
            serialized = try SerializedRequest(request, to: origin)
        } catch {
            receiver.end(error)
            return nil
        }
        let exchange = UpstreamExchange(serialized, by: self, to: receiver)
        if let upload = serialized.upload, !exchange.launch(upload) {
            exchange.fail(.connectionLost)
            return nil
        }
        if idle[upstream].isEmpty {
            exchange.connect(to: upstream, origin, by: dialer)
        } else {
            // Behind all that has come: a connection whose end has is not to be used.
            eventLoop.assumeIsolated().execute {
                if exchange.isOver { return }
                if let connection = self.take(upstream) {
                    exchange.begin(on: connection)
                } else {
                    exchange.connect(to: upstream, origin, by: self.dialer)
                }
            }
        }
        return exchange
    }

    private func take(_ upstream: Int) -> UpstreamConnection? {
        while let connection = idle[upstream].popLast() {
            if connection.isUsable { return connection }
        }
        return nil
    }

    /// Takes a connection back whose exchange is over.
    func keep(_ connection: UpstreamConnection) {
        guard !isClosed else { return connection.close() }
        idle[connection.upstream].append(connection)
        if !isSweepDue { scheduleSweep(in: keepAlive) }
    }

    private func scheduleSweep(in delay: TimeAmount) {
        isSweepDue = true
        eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.sweep()
        }
    }

    /// Closes what nobody has used for long.
    private func sweep() {
        isSweepDue = false
        let now = NIODeadline.now()
        var oldest = now
        for upstream in idle.indices {
            let count = idle[upstream].prefix { $0.idleSince + keepAlive <= now }.count
            for connection in idle[upstream].prefix(count) {
                connection.close()
            }
            idle[upstream].removeFirst(count)
            idle[upstream].removeAll { !$0.isUsable }
            if let first = idle[upstream].first { oldest = min(oldest, first.idleSince) }
        }
        if oldest < now { scheduleSweep(in: oldest + keepAlive - now) }
    }

    /// Closes the connections that nobody uses, and keeps none from now on.
    func close() {
        isClosed = true
        let connections = idle.joined()
        idle = origins.map { _ in [] }
        for connection in connections {
            connection.close()
        }
    }
}
