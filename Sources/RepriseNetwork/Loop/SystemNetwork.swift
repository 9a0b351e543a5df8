#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The machine's network: loops on libuv, its sockets, names and clocks.
///
/// Listening, watching signals and posting are possible before ``start()`` and take effect then.
public final class SystemNetwork: Network {
    private enum Life {
        case new
        case running([SystemThread])
        case stopped
    }

    private let eventLoops: [UVEventLoop]
    private let resolver: Resolver
    private let life = Monitor(Life.new)
    private let onAcceptTrouble: @Sendable (SocketAddress, NetworkError) -> Void

    /// The event loops.
    public let loops: [any EventLoop]

    /// Makes a network that does not run yet.
    ///
    /// - Parameters:
    ///   - loopCount: How many threads run loops, at least one.
    ///   - onAcceptTrouble: Called on a loop when connections cannot be accepted at an address,
    ///     such as because no descriptor is left; not again before one could be accepted. The
    ///     network goes on trying by itself.
    public init(
        loopCount: Int,
        onAcceptTrouble: @escaping @Sendable (SocketAddress, NetworkError) -> Void = { _, _ in }
    ) {
        precondition(loopCount > 0, "a network has at least one loop")
        let resolver = Resolver()
        self.resolver = resolver
        self.onAcceptTrouble = onAcceptTrouble
        let eventLoops = (0..<loopCount).map { _ in UVEventLoop(resolver: resolver) }
        self.eventLoops = eventLoops
        loops = eventLoops
    }

    /// Starts the loops' threads, after a raise of the limit of descriptors. The process ignores
    /// `SIGPIPE` from then on.
    ///
    /// - Throws: When the system has no descriptor or thread left; nothing runs then.
    public func start() throws(NetworkError) {
        signal(SIGPIPE, SIG_IGN)
        DescriptorLimit.raise()
        var threads: [SystemThread] = []
        do throws(NetworkError) {
            for (index, loop) in eventLoops.enumerated() {
                try loop.open()
                do throws(NetworkError) {
                    threads.append(try SystemThread.start(named: "loop \(index)") { loop.run() })
                } catch {
                    // What has been opened is closed by a run to the end.
                    loop.end()
                    loop.run()
                    throw error
                }
            }
        } catch {
            for loop in eventLoops { loop.end() }
            for thread in threads { thread.join() }
            life.withLock { $0 = .stopped }
            throw error
        }
        life.withLock { $0 = .running(threads) }
    }

    /// Ends the loops after what has been posted to them, and waits for their threads. Connections
    /// are closed as they are, and their receivers hear of it; timers and attempts are dropped.
    /// Workers go on. Not from a loop's thread.
    public func stop() {
        precondition(!eventLoops.contains { $0.isCurrent }, "a loop does not wait for its own end")
        let threads = life.withLock { life in
            defer { life = .stopped }
            if case .running(let threads) = life { return threads }
            return []
        }
        for loop in eventLoops { loop.end() }
        for thread in threads { thread.join() }
        resolver.stop()
    }

    /// Binds an address; the first loop accepts and gives each connection to the loop with the
    /// fewest.
    public func listen(
        on address: SocketAddress, limit: Int,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        let (descriptor, real) = try makeListeningSocket(on: address)
        return SystemListener(
            descriptor: descriptor, address: real, limit: limit, loops: eventLoops,
            loop: eventLoops[0], onTrouble: onAcceptTrouble, accept: accept)
    }

    /// Makes a worker; traps when the system has no thread left for it.
    public func makeWorker(named name: String) -> any Worker {
        do throws(NetworkError) {
            return try ThreadWorker(named: name)
        } catch {
            preconditionFailure("a worker's thread cannot be started: \(error)")
        }
    }

    /// Watches signals on the first loop, instead of what the system does at them.
    ///
    /// When the loops run, the signals are watched when this returns. Not from a loop's thread.
    ///
    /// - Parameter action: Called on the first loop each time a signal comes; several of one kind
    ///   that come close together may be one.
    public func watch(
        _ signals: [ProcessSignal], _ action: @escaping @Sendable (ProcessSignal) -> Void
    ) -> SignalWatch {
        SignalWatch(signals, on: eventLoops[0], action)
    }
}
