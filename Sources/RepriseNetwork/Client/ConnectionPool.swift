/// The connections that wait for a next call, the one that was used last first.
final class ConnectionPool {
    /// What connections have in common that can stand for each other.
    enum Key: Hashable {
        case origin(Origin, Route)
        /// A proxy that forwards carries requests to any origin.
        case forwarder(ProxyServer)

        init(_ origin: Origin, _ route: Route) {
            if case .forward(let proxy) = route {
                self = .forwarder(proxy)
            } else {
                self = .origin(origin, route)
            }
        }
    }

    private let loop: any EventLoop
    private let most: Int
    /// The one that was used last stands at the end.
    private var idle: [Key: [ClientConnection]] = [:]
    private var sweep: (any LoopTimer)?
    private var sweepTime = MonotonicTime(nanoseconds: .max)

    /// Makes an empty pool.
    ///
    /// - Parameter most: Connections that are kept for each key, at least one.
    init(most: Int, loop: any EventLoop) {
        self.most = max(1, most)
        self.loop = loop
    }

    /// How many connections wait.
    var count: Int { idle.values.reduce(0) { $0 + $1.count } }

    /// Takes a connection out that may still be used.
    func take(_ key: Key) -> ClientConnection? {
        let now = loop.now
        while let connection = idle[key]?.popLast() {
            if idle[key]?.isEmpty == true { idle[key] = nil }
            // Looked at once more: what has arrived, an end or bytes that nobody asked for, may not
            // have been delivered yet.
            if connection.isIdle, connection.idleDeadline > now,
                !connection.stream.hasUndeliveredInput
            {
                return connection
            }
            connection.close()
        }
        return nil
    }

    /// Puts a connection in.
    func put(_ connection: ClientConnection) {
        if idle[connection.key, default: []].count >= most {
            idle[connection.key]?.removeFirst().close()
        }
        idle[connection.key, default: []].append(connection)
        scheduleSweep(at: connection.idleDeadline)
    }

    /// Takes a connection out that has ended, wherever it stands.
    func remove(_ connection: ClientConnection) {
        guard let index = idle[connection.key]?.firstIndex(where: { $0 === connection }) else {
            return
        }
        idle[connection.key]?.remove(at: index)
        if idle[connection.key]?.isEmpty == true { idle[connection.key] = nil }
        if idle.isEmpty { cancelSweep() }
    }

    /// Closes all connections.
    func clear() {
        let connections = idle.values
        idle = [:]
        cancelSweep()
        for connection in connections.joined() { connection.close() }
    }

    private func scheduleSweep(at time: MonotonicTime) {
        guard time < sweepTime else { return }
        sweep?.cancel()
        sweepTime = time
        sweep = loop.schedule(after: max(.zero, time - loop.now)) { [weak self] in
            self?.removeOverdue()
        }
    }

    private func cancelSweep() {
        sweep?.cancel()
        sweep = nil
        sweepTime = MonotonicTime(nanoseconds: .max)
    }

    /// Closes what nobody has used for too long.
    private func removeOverdue() {
        cancelSweep()
        let now = loop.now
        var next = MonotonicTime(nanoseconds: .max)
        for (key, connections) in idle {
            let kept = connections.filter { $0.idleDeadline > now }
            for connection in connections where connection.idleDeadline <= now {
                connection.close()
            }
            idle[key] = kept.isEmpty ? nil : kept
            for connection in kept { next = min(next, connection.idleDeadline) }
        }
        if !idle.isEmpty { scheduleSweep(at: next) }
    }
}
