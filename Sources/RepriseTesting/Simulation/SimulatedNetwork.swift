public import RepriseNetwork

/// A host of a simulated world: its loops, its listeners, its clock.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time.
public final class SimulatedNetwork: Network, @unchecked Sendable {
    /// How a host answers those who connect to it.
    public enum Reachability: Sendable {
        /// As its listeners would have it.
        case open
        /// It refuses every connection.
        case refuses
        /// It answers nobody who connects; connections that are open go on.
        case silent
    }

    /// The host's name.
    public let name: String
    /// The host's address, 4 or 16 bytes. It has the loopback addresses too.
    public let address: [UInt8]
    /// How it answers those who connect to it.
    public var reachability = Reachability.open
    /// Whether it has crashed.
    public private(set) var hasCrashed = false
    /// Its loops.
    public private(set) var simulatedLoops: [SimulatedLoop] = []
    /// Its workers, in the order of their making.
    public private(set) var workers: [SimulatedWorker] = []

    let world: WorldState
    private(set) var listeners: [SimulatedListener] = []
    private var streams: [Int: SimulatedStream] = [:]
    private var clockOffset: Int64 = 0
    private var nextLoop = 0
    private var lastPort: UInt16 = 32767

    init(name: String, address: [UInt8], loopCount: Int, world: WorldState) {
        precondition(address.count == 4 || address.count == 16, "an address has 4 or 16 bytes")
        self.name = name
        self.address = address
        self.world = world
        simulatedLoops = (0..<max(1, loopCount)).map {
            SimulatedLoop(name: "\(name)/\($0)", host: self, world: world)
        }
    }

    /// The event loops.
    public var loops: [any EventLoop] { simulatedLoops }

    /// The first loop, for hosts that need no more.
    public var loop: SimulatedLoop { simulatedLoops[0] }

    /// The host's address with a port.
    public func address(port: UInt16) -> SocketAddress {
        guard let socket = SocketAddress(bytes: address, port: port) else {
            preconditionFailure("the host's address was checked when it was made")
        }
        return socket
    }

    /// Binds an address of this host, or any (0.0.0.0, ::), and accepts connections.
    ///
    /// - Throws: ``NetworkError/system(code:reason:)`` when somebody listens there, or the address is
    ///   another host's.
    public func listen(
        on address: SocketAddress, limit: Int,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        guard isOwn(address.bytes) || isAny(address.bytes) else { throw .addressNotAvailable }
        var bound = address
        if address.port == 0 {
            bound.port = freePort()
        } else if listeners.contains(where: { $0.conflicts(with: address) }) {
            throw .addressInUse
        }
        let listener = SimulatedListener(
            address: bound, limit: limit, host: self, accept: accept)
        listeners.append(listener)
        world.note("\(name) listens on port \(bound.port)")
        return listener
    }

    /// Makes a worker; its work runs on the world's thread, at a later virtual time.
    public func makeWorker(named name: String) -> any Worker {
        let worker = SimulatedWorker(name: "\(self.name)/\(name)", host: self)
        workers.append(worker)
        return worker
    }

    // MARK: The time of day

    /// The time of day in milliseconds since 1970.
    public var wallClock: Int64 {
        world.firstWallClock + world.time / 1_000_000 + clockOffset
    }

    /// Sets the time of day; the monotonic time stays as it is.
    public func setWallClock(_ milliseconds: Int64) {
        clockOffset += milliseconds - wallClock
        world.note("\(name) has its clock set to \(milliseconds)")
    }

    /// Moves the time of day forward or back.
    public func jumpWallClock(by duration: Duration) {
        setWallClock(wallClock + duration.wholeNanoseconds / 1_000_000)
    }

    // MARK: The end of a host

    /// Ends the process on this host at once: nothing of its loops and workers happens any more,
    /// and its listeners are gone. Its name is free for a new host.
    ///
    /// - Parameter quietly: Whether the others hear nothing, as after a loss of power; otherwise
    ///   the system resets the connections.
    public func crash(quietly: Bool = false) {
        guard !hasCrashed else { return }
        world.note("\(name) crashes\(quietly ? " quietly" : "")")
        hasCrashed = true
        for loop in simulatedLoops { loop.stop() }
        for listener in listeners { listener.vanish() }
        listeners = []
        for (_, stream) in streams.sorted(by: { $0.key < $1.key }) {
            if quietly { stream.vanish() } else { stream.die() }
        }
        for worker in workers { worker.crash() }
        world.closeAll(of: self)
        world.hosts.removeAll { $0 === self }
    }

    func calm() {
        for worker in workers { worker.resume() }
    }

    // MARK: For streams and listeners

    func opened(_ stream: SimulatedStream) {
        streams[stream.identifier] = stream
        world.opened(stream)
    }

    func closed(_ stream: SimulatedStream) {
        streams[stream.identifier] = nil
        world.closed(stream)
    }

    func closed(_ listener: SimulatedListener) { listeners.removeAll { $0 === listener } }

    func closed(_ worker: SimulatedWorker) { workers.removeAll { $0 === worker } }

    /// The loop that the next accepted connection belongs to.
    func takeLoop() -> SimulatedLoop {
        defer { nextLoop = (nextLoop + 1) % simulatedLoops.count }
        return simulatedLoops[nextLoop]
    }

    func freePort() -> UInt16 {
        repeat {
            lastPort = lastPort == .max ? 32768 : lastPort + 1
        } while listeners.contains { $0.address.port == lastPort }
        return lastPort
    }

    func isOwn(_ bytes: [UInt8]) -> Bool { bytes == address || isLoopback(bytes) }

    func listener(at address: SocketAddress) -> SimulatedListener? {
        listeners.first { $0.takes(address) }
    }
}

/// Whether an address is 0.0.0.0 or ::.
func isAny(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 == 0 } }

/// Whether an address is of 127.0.0.0/8, or ::1.
func isLoopback(_ bytes: [UInt8]) -> Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
}
