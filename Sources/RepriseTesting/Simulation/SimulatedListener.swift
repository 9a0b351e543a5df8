internal import RepriseNetwork

/// A bound address of a simulated host.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time.
final class SimulatedListener: Listener, OpenThing, @unchecked Sendable {
    /// Connections that wait for the limit; those that come when it is full get no answer.
    static let backlog = 4096

    let address: SocketAddress
    let identifier: Int
    private(set) var connectionCount = 0

    private let limit: Int
    unowned let host: SimulatedNetwork
    private let accept: @Sendable (any ByteStream) -> Void
    private var waiting = FirstInFirstOut<SimulatedStream>()
    /// Connections that are open, or about to be accepted.
    private var taken = 0
    private var isClosed = false

    init(
        address: SocketAddress, limit: Int, host: SimulatedNetwork,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) {
        self.address = address
        self.limit = max(1, limit)
        self.host = host
        self.accept = accept
        identifier = host.world.nextIdentifier()
        host.world.opened(self)
    }

    var description: String {
        "listener of \(host.name), port \(address.port), \(connectionCount) connections"
    }

    func close(_ completion: @escaping @Sendable () -> Void) {
        if !isClosed {
            isClosed = true
            host.world.note("\(host.name) closes port \(address.port)")
            host.closed(self)
            host.world.closed(self)
            while let stream = waiting.popFirst() { stream.die() }
        }
        host.loop.post(completion)
    }

    func vanish() {
        isClosed = true
        host.world.closed(self)
        waiting.removeAll()
    }

    /// Whether another address cannot be bound beside this one. An IPv6 wildcard takes IPv4 too.
    func conflicts(with other: SocketAddress) -> Bool {
        guard other.port == address.port else { return false }
        return other.bytes == address.bytes || takesAny(other.bytes) || covers(other, address.bytes)
    }

    /// Whether connections to an address of this host come here.
    func takes(_ target: SocketAddress) -> Bool {
        target.port == address.port && (target.bytes == address.bytes || takesAny(target.bytes))
    }

    private func takesAny(_ bytes: [UInt8]) -> Bool { covers(address, bytes) }

    private func covers(_ wildcard: SocketAddress, _ bytes: [UInt8]) -> Bool {
        isAny(wildcard.bytes) && (wildcard.isIPv6 || bytes.count == 4)
    }

    // MARK: Connections

    /// The loop that the next connection belongs to.
    func takeLoop() -> SimulatedLoop { host.takeLoop() }

    /// Whether the backlog has room.
    var hasRoom: Bool { !isClosed && (taken < limit || waiting.count < Self.backlog) }

    /// A connection has come: it is accepted in a turn of its loop, or waits.
    func arrived(_ stream: SimulatedStream) {
        stream.listener = self
        if taken < limit {
            taken += 1
            begin(stream)
        } else {
            waiting.append(stream)
        }
    }

    /// A connection that was accepted is closed.
    func connectionClosed() {
        connectionCount -= 1
        releasePlace()
    }

    private func releasePlace() {
        if let next = waiting.popFirst() {
            begin(next)
        } else {
            taken -= 1
        }
    }

    private func begin(_ stream: SimulatedStream) {
        host.world.add(
            PostedAction { [self] in
                guard !isClosed else { return stream.die() }
                connectionCount += 1
                stream.isAccepted = true
                host.world.note("\(stream.name) accepted")
                accept(stream)
            }, on: stream.simulatedLoop, after: 0)
    }
}
