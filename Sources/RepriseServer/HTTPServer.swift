public import RepriseNetwork
public import RepriseProxy
import Synchronization

/// The proxy listener: accepts connections on all loops and answers them.
public final class HTTPServer: Sendable {
    private let proxy: CachingProxy
    private let network: any Network
    private let configuration: ServerConfiguration
    private let state = Mutex(State())

    private struct State {
        var loops: [ObjectIdentifier: LoopBound<ServerLoop>] = [:]
        var listeners: [any Listener] = []
    }

    /// Makes a server that does not listen yet.
    public init(
        _ proxy: CachingProxy, network: any Network, configuration: ServerConfiguration
    ) {
        self.proxy = proxy
        self.network = network
        self.configuration = configuration
    }

    /// Makes ready what each loop needs.
    ///
    /// - Parameters:
    ///   - makeClient: Makes a loop's client for upstream calls, on its thread.
    ///   - completion: Called on one of the loops once all are ready.
    public func start(
        makeClient: @escaping @Sendable (any EventLoop) -> HTTPClient,
        _ completion: @escaping @Sendable () -> Void
    ) {
        for loop in network.loops {
            loop.post { [self] in
                let server = ServerLoop(
                    proxy.makeLoop(loop, client: makeClient(loop)), configuration: configuration)
                let isLast = state.withLock { state in
                    state.loops[ObjectIdentifier(loop)] = LoopBound(server, on: loop)
                    return state.loops.count == network.loops.count
                }
                if isLast { completion() }
            }
        }
    }

    /// Binds an address and accepts connections; only once ``start(makeClient:_:)`` is complete.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 takes a free one.
    ///   - limit: The most connections that are open at once.
    ///   - identity: What TLS is spoken with; nil for clear text.
    /// - Returns: The address with its real port.
    public func listen(
        on address: SocketAddress, limit: Int, identity: TLSServerIdentity? = nil
    ) throws(NetworkError) -> SocketAddress {
        let loops = state.withLock { $0.loops }
        let listener = try network.listen(on: address, limit: limit) { stream in
            if let server = loops[ObjectIdentifier(stream.loop)] {
                server.value.accept(stream, identity)
            } else {
                stream.abort()
            }
        }
        state.withLock { $0.listeners.append(listener) }
        let authority = ListenerAuthority(listener.address)
        onLoops { $0.authorities.append(authority) }
        return listener.address
    }

    /// Accepts no more, closes idle connections, and lets the others end behind their responses.
    ///
    /// - Parameter completion: Called once all connections are closed.
    public func drain(_ completion: @escaping @Sendable () -> Void) {
        let listeners = state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener.close {} }
        let left = Countdown(network.loops.count, completion)
        onLoops { server in server.drain { left.countDown() } }
    }

    /// Cuts the connections that are left.
    public func cut() {
        onLoops { $0.cut() }
    }

    private func onLoops(_ action: @escaping @Sendable (ServerLoop) -> Void) {
        for (loop, server) in zip(network.loops, orderedLoops) {
            loop.post { action(server.value) }
        }
    }

    private var orderedLoops: [LoopBound<ServerLoop>] {
        let loops = state.withLock { $0.loops }
        return network.loops.compactMap { loops[ObjectIdentifier($0)] }
    }
}

/// A completion that is called once a number of things have happened.
final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let completion: @Sendable () -> Void

    /// Begins at `count`, which is above zero.
    init(_ count: Int, _ completion: @escaping @Sendable () -> Void) {
        left = Mutex(count)
        self.completion = completion
    }

    /// One of the things has happened.
    func countDown() {
        let isOver = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isOver { completion() }
    }
}
