public import RepriseNetwork

/// A raw TCP peer that does what its script says and records what it gets: a client that connects,
/// or one connection of a ``ScriptedServer``.
public final class ScriptedPeer {
    /// One thing that a peer does. The next step begins when this one is done.
    public enum Step {
        /// Writes bytes at once.
        case send([UInt8])
        /// Writes bytes in pieces of a size, one after the other.
        case sendInPieces([UInt8], size: Int, every: Duration)
        /// Waits.
        case wait(Duration)
        /// Waits until at least so many bytes have come in all.
        case awaitCount(Int)
        /// Waits until these bytes have come, behind those that an earlier step has found.
        case awaitBytes([UInt8])
        /// Waits until the other side has ended its bytes.
        case awaitEnd
        /// Waits until everything that was sent is taken by the socket.
        case awaitSent
        /// Reads no more, so that the other side is held up.
        case stopReading
        /// Reads again, as fast as it can.
        case readAgain
        /// Reads at most so many bytes in each interval.
        case readSlowly(atMost: Int, every: Duration)
        /// Ends its bytes and goes on reading.
        case finishWriting
        /// Closes cleanly.
        case close
        /// Closes with a reset.
        case abort
        /// Is gone without a word.
        case vanish
        /// Does anything else, on the peer's loop.
        case perform((ScriptedPeer) -> Void)
    }

    /// The bytes of one delivery.
    public struct Arrival: Equatable, Sendable {
        /// When they came.
        public var time: MonotonicTime
        /// How many they were.
        public var count: Int
    }

    /// What has come, in order.
    public private(set) var received: [UInt8] = []
    /// When how much of it came.
    public private(set) var arrivals: [Arrival] = []
    /// When the connection was made.
    public private(set) var connectedAt: MonotonicTime?
    /// Why no connection was made.
    public private(set) var failure: NetworkError?
    /// When the other side ended its bytes.
    public private(set) var endedAt: MonotonicTime?
    /// When the stream was closed.
    public private(set) var closedAt: MonotonicTime?
    /// How the stream was closed.
    public private(set) var closeReason: StreamCloseReason?
    /// When the last step was done.
    public private(set) var finishedAt: MonotonicTime?
    /// The connection, while it is open.
    public private(set) var stream: SimulatedStream?

    private let loop: SimulatedLoop
    private var script: ArraySlice<Step>
    private var isWaiting = false
    private var searchedTo = 0
    private var readInterval: Duration?
    private var readTimer: (any LoopTimer)?
    private var attempt: (any LoopAttempt)?
    private var timers: [any LoopTimer] = []

    /// Makes a peer that connects from a host to an address.
    public init(on host: SimulatedNetwork, to address: SocketAddress, script: [Step]) {
        loop = host.loop
        self.script = script[...]
        loop.perform {
            attempt = loop.connect(to: address) { [self] result in
                attempt = nil
                switch result {
                case .success(let stream): connected(stream)
                case .failure(let error): failure = error
                }
            }
        }
    }

    /// Makes the peer at this end of an accepted connection.
    init(accepted stream: any ByteStream, on loop: SimulatedLoop, script: [Step]) {
        self.loop = loop
        self.script = script[...]
        connected(stream)
    }

    /// Whether nothing more will happen to the peer: its connection failed or is closed, or its host
    /// has crashed.
    public var isOver: Bool { failure != nil || closedAt != nil || loop.isStopped }

    /// What has come, as text; bytes that are no UTF-8 are repaired.
    public var receivedText: String { String(decoding: received, as: UTF8.self) }

    /// Adds steps to the script.
    public func add(_ steps: [Step]) {
        script += steps
        loop.inTurn { self.goOn() }
    }

    private func connected(_ stream: any ByteStream) {
        guard let stream = stream as? SimulatedStream else { return }
        connectedAt = loop.now
        self.stream = stream
        stream.receiver = self
        goOn()
    }

    // MARK: Steps

    private func goOn() {
        guard !isWaiting else { return }
        while let stream, let step = script.first {
            guard begin(step, on: stream) else { return }
            script = script.dropFirst()
            if isWaiting { return }
            if script.isEmpty { finishedAt = loop.now }
        }
    }

    /// Begins a step.
    ///
    /// - Returns: False when what it waits for has not come.
    private func begin(_ step: Step, on stream: SimulatedStream) -> Bool {
        switch step {
        case .send(let bytes): stream.write(bytes.span)
        case .sendInPieces(let bytes, let size, let interval):
            send(bytes[...], size: max(1, size), every: interval)
        case .wait(let duration): pause(for: duration) { self.goOn() }
        case .awaitCount(let count): return received.count >= count
        case .awaitBytes(let bytes): return find(bytes)
        case .awaitEnd: return endedAt != nil
        case .awaitSent:
            guard stream.unsentByteCount > 0 else { return true }
            pause(for: .milliseconds(1)) { self.goOn() }
            return false
        case .stopReading: stream.pauseReading()
        case .readAgain:
            readInterval = nil
            stream.readLimit = 64 << 10
            stream.resumeReading()
        case .readSlowly(let count, let interval):
            stream.readLimit = count
            readInterval = interval
            stream.resumeReading()
        case .finishWriting: stream.finishWriting()
        case .close: stream.close()
        case .abort: stream.abort()
        case .vanish:
            closedAt = loop.now
            stream.vanish()
            self.stream = nil
        case .perform(let action): action(self)
        }
        return true
    }

    private func send(_ bytes: ArraySlice<UInt8>, size: Int, every interval: Duration) {
        guard let stream, !bytes.isEmpty else { return goOn() }
        stream.write(Array(bytes.prefix(size)).span)
        pause(for: interval) { self.send(bytes.dropFirst(size), size: size, every: interval) }
    }

    private func pause(for duration: Duration, then next: @escaping () -> Void) {
        isWaiting = true
        timers.append(
            loop.schedule(after: duration) { [self] in
                timers.removeAll()
                isWaiting = false
                next()
            })
    }

    private func find(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        var start = searchedTo
        while start + bytes.count <= received.count {
            if received[start..<start + bytes.count].elementsEqual(bytes) {
                searchedTo = start + bytes.count
                return true
            }
            start += 1
        }
        return false
    }
}

extension ScriptedPeer: ByteStreamReceiver {
    /// Records bytes.
    public func streamReceived(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { received.append(contentsOf: $0) }
        arrivals.append(Arrival(time: loop.now, count: bytes.count))
        if let readInterval, let stream {
            stream.pauseReading()
            // Not one of the timers of the script: it goes on whatever step it is at.
            let timer = loop.schedule(after: readInterval) { [weak self] in
                guard let self, self.readInterval != nil else { return }
                self.stream?.resumeReading()
            }
            readTimer = timer
        }
        goOn()
    }

    /// Goes on.
    public func streamDrained() { goOn() }

    /// Records the end.
    public func streamEnded() {
        endedAt = loop.now
        goOn()
    }

    /// Records how the stream was closed; steps that are left are not done.
    public func streamClosed(_ reason: StreamCloseReason) {
        closedAt = loop.now
        closeReason = reason
        stream = nil
        readTimer?.cancel()
        readTimer = nil
        for timer in timers { timer.cancel() }
        timers = []
    }
}
