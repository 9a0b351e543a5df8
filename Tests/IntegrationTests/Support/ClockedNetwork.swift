import RepriseNetwork

/// The machine's network with a time of day that the test decides.
final class ClockedNetwork: Network {
    private let base: SystemNetwork
    private let clockedLoops: [ClockedLoop]

    init(_ base: SystemNetwork, clock: ManualClock) {
        self.base = base
        clockedLoops = base.loops.map { ClockedLoop($0, clock: clock) }
    }

    var loops: [any EventLoop] { clockedLoops }

    func listen(
        on address: SocketAddress, limit: Int,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        try base.listen(on: address, limit: limit) { [clockedLoops] stream in
            guard let loop = clockedLoops.first(where: { $0.base === stream.loop }) else {
                return stream.abort()
            }
            accept(ClockedStream(stream, loop: loop))
        }
    }

    func makeWorker(named name: String) -> any Worker { base.makeWorker(named: name) }
}

/// A loop of the machine's network with a time of day of its own.
private final class ClockedLoop: EventLoop {
    let base: any EventLoop
    private let clock: ManualClock

    init(_ base: any EventLoop, clock: ManualClock) {
        self.base = base
        self.clock = clock
    }

    var isCurrent: Bool { base.isCurrent }
    var now: MonotonicTime { base.now }
    var wallClock: Int64 { clock.now }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        base.schedule(after: delay, action)
    }

    func afterThisTurn(_ action: @escaping () -> Void) { base.afterThisTurn(action) }
    func post(_ action: @escaping @Sendable () -> Void) { base.post(action) }

    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt {
        base.resolve(host, port: port, completion)
    }

    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        base.connect(to: address, completion)
    }

    func randomNumber() -> UInt64 { base.randomNumber() }
}

/// An accepted stream, which says that it belongs to a clocked loop.
private final class ClockedStream: ByteStream {
    private let base: any ByteStream
    let loop: any EventLoop

    init(_ base: any ByteStream, loop: any EventLoop) {
        self.base = base
        self.loop = loop
    }

    var receiver: (any ByteStreamReceiver)? {
        get { base.receiver }
        set { base.receiver = newValue }
    }

    var localAddress: SocketAddress { base.localAddress }
    var peerAddress: SocketAddress { base.peerAddress }
    var applicationProtocol: String? { base.applicationProtocol }
    var unsentByteCount: Int { base.unsentByteCount }
    var sentByteCount: Int64 { base.sentByteCount }

    func pauseReading() { base.pauseReading() }
    func resumeReading() { base.resumeReading() }
    func write(_ bytes: Span<UInt8>) { base.write(bytes) }
    func write(keeping bytes: [UInt8]) { base.write(keeping: bytes) }
    func finishWriting() { base.finishWriting() }
    func close() { base.close() }
    func closeWithoutEnd() { base.closeWithoutEnd() }
    func abort() { base.abort() }
}
