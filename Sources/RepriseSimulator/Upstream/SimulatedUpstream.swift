public import RepriseNetwork
internal import Synchronization

/// An LLM API that does what a ``Script`` says and remembers what it was asked, on the machine's
/// network or a simulated one.
///
/// In a test, ``run(port:_:_:)`` starts it on a network of its own, hands it to the body and stops
/// it. ``start(on:at:_:keepingLast:)`` binds it on any network; that calls back, and its owner stops
/// it before the network.
public final class SimulatedUpstream: Sendable {
    private enum Life {
        case running
        case stopping([@Sendable () -> Void])
        case stopped
    }

    /// The address that it listens on unless told otherwise.
    public static let host = "127.0.0.1"

    /// The address that it listens on, with its real port.
    public let address: SocketAddress

    let log: ObservationLog
    private let listener: any Listener
    /// The network, when it is this upstream's alone.
    private let ownNetwork: SystemNetwork?
    private let life = Mutex(Life.running)

    private init(listener: any Listener, ownNetwork: SystemNetwork?, log: ObservationLog) {
        address = listener.address
        self.listener = listener
        self.ownNetwork = ownNetwork
        self.log = log
    }

    /// The port it listens on.
    public var port: Int { Int(address.port) }

    /// Its origin without a path, for example `http://127.0.0.1:49152`.
    public var origin: String { "http://\(address)" }

    /// What to give a client of the OpenAI API as its base, for example
    /// `http://127.0.0.1:49152/v1`.
    public var baseURL: String { origin + "/v1" }

    /// 127.0.0.1 with a port.
    ///
    /// - Parameter port: 0 picks a free one.
    public static func loopback(port: UInt16 = 0) -> SocketAddress {
        guard let address = SocketAddress(bytes: [127, 0, 0, 1], port: port) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }

    // MARK: Starting

    /// Binds an address, and answers from then on.
    ///
    /// - Parameters:
    ///   - network: Where it listens; it runs for as long as the upstream does.
    ///   - address: By default a free port of 127.0.0.1.
    ///   - script: What it answers.
    ///   - limit: How many requests (and disconnects) it remembers whole; counts go on.
    /// - Throws: When the address cannot be bound.
    public static func start(
        on network: any Network, at address: SocketAddress = loopback(), _ script: Script,
        keepingLast limit: Int = 10_000
    ) throws(NetworkError) -> SimulatedUpstream {
        try start(on: network, at: address, script, keepingLast: limit, ownNetwork: nil)
    }

    /// Binds a port of 127.0.0.1 on a network of its own, which ``stop()`` ends.
    ///
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - script: What it answers.
    ///   - limit: How many requests (and disconnects) it remembers whole; counts go on.
    /// - Throws: When the port cannot be bound.
    public static func start(
        port: Int = 0, _ script: Script, keepingLast limit: Int = 10_000
    ) throws(NetworkError) -> SimulatedUpstream {
        guard let port = UInt16(exactly: port) else {
            preconditionFailure("\(port) is not a port")
        }
        let network = SystemNetwork(loopCount: 1)
        try network.start()
        do throws(NetworkError) {
            return try start(
                on: network, at: loopback(port: port), script, keepingLast: limit,
                ownNetwork: network)
        } catch {
            network.stop()
            throw error
        }
    }

    private static func start(
        on network: any Network, at address: SocketAddress, _ script: Script,
        keepingLast limit: Int, ownNetwork: SystemNetwork?
    ) throws(NetworkError) -> SimulatedUpstream {
        let log = ObservationLog(limit: limit)
        let listener = try network.listen(on: address, limit: 1 << 20) { stream in
            let connection = SimulatorConnection(stream, script: script, log: log)
            guard let number = log.opened(connection.reference) else {
                return stream.abort()
            }
            connection.begin(number: number)
        }
        return SimulatedUpstream(listener: listener, ownNetwork: ownNetwork, log: log)
    }

    /// Starts an upstream on a network of its own, runs `body` with it, and stops both however
    /// `body` ends.
    ///
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - script: What it answers.
    /// - Throws: What `body` throws, or that the port cannot be bound.
    public static func run<R>(
        port: Int = 0, _ script: Script,
        _ body: (SimulatedUpstream) async throws -> R
    ) async throws -> R {
        let upstream = try start(port: port, script)
        do {
            let result = try await body(upstream)
            await upstream.stop()
            return result
        } catch {
            await upstream.stop()
            throw error
        }
    }

    // MARK: Stopping

    /// Stops listening and closes all connections; unfinished responses are cut. Twice is once.
    ///
    /// - Parameter completion: Called once that is done, on a loop, or at once when it had been.
    public func stop(_ completion: @escaping @Sendable () -> Void) {
        let (begins, isDone) = life.withLock { life in
            switch life {
            case .running:
                life = .stopping([completion])
                return (true, false)
            case .stopping(let completions):
                life = .stopping(completions + [completion])
                return (false, false)
            case .stopped: return (false, true)
            }
        }
        if isDone { completion() }
        guard begins else { return }
        listener.close { [self] in
            let connections = log.stop()
            let left = CountSignal()
            for connection in connections {
                connection.post { [self] in
                    $0.stop()
                    if left.increment() == connections.count { stopped() }
                }
            }
            if connections.isEmpty { stopped() }
        }
    }

    /// Stops listening and closes all connections; unfinished responses are cut. Twice is once.
    public func stop() async {
        await withCheckedContinuation { continuation in
            stop { continuation.resume() }
        }
        ownNetwork?.stop()
    }

    private func stopped() {
        let completions = life.withLock { life -> [@Sendable () -> Void] in
            defer { life = .stopped }
            if case .stopping(let completions) = life { return completions }
            return []
        }
        for completion in completions { completion() }
    }
}
