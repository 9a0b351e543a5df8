import Synchronization

/// A bound address of the machine.
///
/// `@unchecked Sendable` because `acceptor` is set before the listener is shared and afterwards
/// touched on the thread of `loop` alone; the rest is constant or atomic.
final class SystemListener: Listener, @unchecked Sendable {
    let address: SocketAddress
    let limit: Int
    /// The loop on which connections are accepted.
    let loop: UVEventLoop
    /// How many connections are open, those on their way to their loop included.
    let openCount = Atomic<Int>(0)
    /// Whether accepting waits because the system had nothing left.
    let isStarved = Atomic<Bool>(false)
    private var acceptor: Acceptor?

    /// Takes over a listening socket.
    init(
        descriptor: Int32, address: SocketAddress, limit: Int, loops: [UVEventLoop],
        loop: UVEventLoop,
        onTrouble: @escaping @Sendable (SocketAddress, NetworkError) -> Void,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) {
        self.address = address
        self.limit = max(1, limit)
        self.loop = loop
        acceptor = Acceptor(
            descriptor: descriptor, listener: self, loops: loops, onTrouble: onTrouble,
            accept: accept)
        loop.post { self.acceptor?.start() }
    }

    var connectionCount: Int { openCount.load(ordering: .relaxed) }

    func close(_ completion: @escaping @Sendable () -> Void) {
        loop.post {
            if let acceptor = self.acceptor { acceptor.close(completion) } else { completion() }
        }
    }

    /// Notes that a connection is closed, which may be what accepting waits for. On any loop.
    func connectionClosed() {
        let before = openCount.wrappingSubtract(1, ordering: .acquiringAndReleasing).oldValue
        let wasStarved = isStarved.exchange(false, ordering: .acquiringAndReleasing)
        if before == limit || wasStarved { loop.post { self.acceptor?.resume() } }
    }

    /// Lets go of the acceptor, whose socket is closed.
    func acceptorClosed() { acceptor = nil }
}
