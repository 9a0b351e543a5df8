import RepriseNetwork
import RepriseTesting

/// A stream with one mistake, or none, for a test that the contract notices it.
final class FaultyStream: ByteStream {
    enum Mistake: CaseIterable {
        case ignoresPause, losesBytes, repeatsBytes, neverDrains, drainsTwice, countsNothingUnsent
        case countsNothingSent, abortsCleanly, closesWithReset, closesOnFinish, finishDoesNothing
        case closesTwice, closesInTheTurn, closesWithWrongReason, keepsReceiver, deliversEmpty
        case endsTwice, writesAfterClose, swapsAddresses, ignoresWritesInDeliveries
    }

    private let inner: any ByteStream
    private let mistake: Mistake?
    private var proxy: Proxy?
    fileprivate var isDelivering = false
    private var isClosed = false

    init(_ inner: any ByteStream, _ mistake: Mistake?) {
        self.inner = inner
        self.mistake = mistake
    }

    var loop: any EventLoop { inner.loop }

    var receiver: (any ByteStreamReceiver)? {
        get { proxy?.receiver }
        set {
            proxy = newValue.map { Proxy($0, mistake, self) }
            inner.receiver = proxy
        }
    }

    var localAddress: SocketAddress {
        mistake == .swapsAddresses ? inner.peerAddress : inner.localAddress
    }
    var peerAddress: SocketAddress { inner.peerAddress }
    var applicationProtocol: String? { inner.applicationProtocol }
    func pauseReading() { if mistake != .ignoresPause { inner.pauseReading() } }
    func resumeReading() { inner.resumeReading() }

    func write(_ bytes: Span<UInt8>) {
        if mistake == .ignoresWritesInDeliveries, isDelivering { return }
        inner.write(bytes)
    }

    func write(keeping bytes: [UInt8]) { inner.write(keeping: bytes) }
    var unsentByteCount: Int { mistake == .countsNothingUnsent ? 0 : inner.unsentByteCount }
    var sentByteCount: Int64 { mistake == .countsNothingSent ? 0 : inner.sentByteCount }

    func finishWriting() {
        switch mistake {
        case .closesOnFinish: inner.close()
        case .finishDoesNothing: break
        default: inner.finishWriting()
        }
    }

    func close() {
        if mistake == .writesAfterClose, !isClosed { inner.write([0].span) }
        isClosed = true
        if mistake == .closesWithReset { inner.abort() } else { inner.close() }
        if mistake == .closesInTheTurn { proxy?.streamClosed(.closedHere) }
    }

    func closeWithoutEnd() { close() }

    func abort() {
        if mistake == .abortsCleanly { inner.close() } else { inner.abort() }
    }

    func letGo() { if mistake != .keepsReceiver { proxy = nil } }
}

private final class Proxy: ByteStreamReceiver {
    let receiver: any ByteStreamReceiver
    private let mistake: FaultyStream.Mistake?
    private let stream: FaultyStream
    private var received = 0

    init(
        _ receiver: any ByteStreamReceiver, _ mistake: FaultyStream.Mistake?, _ stream: FaultyStream
    ) {
        self.receiver = receiver
        self.mistake = mistake
        self.stream = stream
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        received += bytes.count
        stream.isDelivering = true
        defer { stream.isDelivering = false }
        switch mistake {
        case .losesBytes where received > 100_000:
            receiver.streamReceived(bytes.extracting(droppingFirst: 1))
        case .repeatsBytes where received > 100_000:
            receiver.streamReceived(bytes)
            receiver.streamReceived(bytes.extracting(first: 1))
        case .deliversEmpty:
            receiver.streamReceived(bytes)
            receiver.streamReceived(bytes.extracting(first: 0))
        default: receiver.streamReceived(bytes)
        }
    }

    func streamDrained() {
        if mistake == .neverDrains { return }
        receiver.streamDrained()
        if mistake == .drainsTwice { receiver.streamDrained() }
    }

    func streamEnded() {
        receiver.streamEnded()
        if mistake == .endsTwice { receiver.streamEnded() }
    }

    func streamClosed(_ reason: StreamCloseReason) {
        let told: StreamCloseReason =
            mistake == .closesWithWrongReason ? (reason == .reset ? .ended : .reset) : reason
        receiver.streamClosed(told)
        if mistake == .closesTwice { receiver.streamClosed(told) }
        stream.letGo()
    }
}

/// A pair of streams with one mistake, or none.
final class FaultyPair: ByteStreamPair {
    private let inner: SimulatedPair
    let near: any ByteStream
    let far: any ByteStream

    init(_ mistake: FaultyStream.Mistake?) throws {
        inner = try SimulatedPair(seed: 1)
        near = FaultyStream(inner.near, mistake)
        far = FaultyStream(inner.far, mistake)
    }

    func perform(on stream: any ByteStream, _ action: () -> Void) {
        (stream.loop as? SimulatedLoop)?.perform(action)
    }

    func run(until condition: () -> Bool) -> Bool {
        inner.world.run(limit: .seconds(60), until: condition)
    }

    func settle() { inner.settle() }
}
