public import RepriseNetwork

/// One end of a connection on the simulated wire.
///
/// What is written goes, at the end of the turn, into the socket as far as there is room: a
/// connection holds a bounded number of bytes that the other end has not read. From there it
/// travels in pieces, each with its own delay, and is delivered when the other end reads.
///
/// ```
/// open ──close()──▶ closing (sends the rest and its end, discards what comes) ──▶ closed
///   └──abort(), a reset that shows, or both ends have come────────────────────────▶ closed
/// ```
public final class SimulatedStream: ByteStream, EventTarget, OpenThing {
    enum Phase { case open, closing, closed }

    /// This side's end (FIN): not asked for, asked for behind unsent bytes, given to the socket.
    enum WriteEnd { case none, asked, sent }

    enum Event: Int {
        case pieceArrives = 1
        case readable, writable, drained, resetArrives, lingerOver, silenceOver, closed
    }

    /// Bytes that arrive together, and whether the end follows them.
    struct Piece {
        var count: Int
        var isEnd: Bool
    }

    /// How long a closed end goes on discarding what comes before it lets go of the socket.
    static let lingerTime = Duration.seconds(1)
    /// When bytes that did not get through are sent again.
    static let repetition = Duration.milliseconds(200)
    /// When the system gives up on bytes that nobody confirms (Linux: 15 repetitions).
    static let silenceLimit = Duration.seconds(924)

    /// This side's address.
    public let localAddress: SocketAddress
    /// The peer's address.
    public let peerAddress: SocketAddress
    /// The protocol that was agreed on; nil unless a test sets it, as if TLS had agreed.
    public var applicationProtocol: String?
    /// The most bytes of one delivery to this end.
    public var readLimit = 64 << 10
    /// The most bytes that this end lets be under way to it.
    public let capacity: Int

    /// The other end, until both are closed.
    var otherEnd: SimulatedStream?
    let identifier: Int
    let simulatedLoop: SimulatedLoop
    let side: String
    let isByteByByte: Bool
    var random: SeededRandom
    var phase = Phase.open
    var closeReason = StreamCloseReason.closedHere
    var listener: SimulatedListener?
    var isAccepted = false
    /// Whether neither end hears of the other any more.
    var isSevered = false
    /// Whether nothing will come of this end any more.
    var isGone = false
    var host: SimulatedNetwork { simulatedLoop.host }

    // Writing
    var outgoing = ByteQueue()
    var sentCount: Int64 = 0
    var writeEnd = WriteEnd.none
    var isDirty = false
    var isAboveMark = false
    var isDrainScheduled = false
    var isWritableScheduled = false
    /// Bytes that a severed connection's socket has taken.
    var stranded = 0
    var isSilenceScheduled = false

    // Reading
    /// What the other end's socket has taken and this end has not read.
    var incoming = ByteQueue()
    /// How many of ``incoming`` have arrived.
    var arrived = 0
    var pieces = FirstInFirstOut<Piece>()
    var lastArrival: Int64 = 0
    var stalledUntil: Int64 = 0
    var endArrived = false
    var endDelivered = false
    var resetOnItsWay = false
    var resetArrived = false
    var isPaused = false
    var isDelivering = false
    var isReadScheduled = false
    var isLingering = false
    private var currentReceiver: (any ByteStreamReceiver)?

    /// Whether bytes, an end or a reset have arrived that were not delivered.
    public var hasUndeliveredInput: Bool {
        isGone || arrived > 0 || resetArrived || endArrived && !endDelivered
    }

    private init(
        loop: SimulatedLoop, local: SocketAddress, peer: SocketAddress, number: Int, side: String,
        capacity: Int, isByteByByte: Bool, random: SeededRandom
    ) {
        simulatedLoop = loop
        localAddress = local
        peerAddress = peer
        identifier = number
        self.side = side
        self.capacity = capacity
        self.isByteByByte = isByteByByte
        self.random = random
    }

    /// Makes both ends of a connection.
    static func pair(
        on one: SimulatedLoop, at oneAddress: SocketAddress,
        and other: SimulatedLoop, at otherAddress: SocketAddress
    ) -> (SimulatedStream, SimulatedStream) {
        let world = one.world
        var random = world.fork()
        let faults = world.faults
        let capacity =
            random.chance(faults.tinyBufferProbability)
            ? 1 << random.number(in: 0...12) : random.number(in: faults.socketBuffer)
        let byteByByte = random.chance(faults.byteByByteProbability)
        let first = SimulatedStream(
            loop: one, local: oneAddress, peer: otherAddress, number: world.nextIdentifier(),
            side: "a", capacity: max(1, capacity), isByteByByte: byteByByte, random: random.fork())
        let second = SimulatedStream(
            loop: other, local: otherAddress, peer: oneAddress, number: world.nextIdentifier(),
            side: "b", capacity: max(1, capacity), isByteByByte: byteByByte, random: random.fork())
        first.otherEnd = second
        second.otherEnd = first
        one.host.opened(first)
        other.host.opened(second)
        return (first, second)
    }

    /// The other end, until both are closed.
    public var peer: SimulatedStream? { otherEnd }

    /// The loop that the stream belongs to.
    public var loop: any EventLoop { simulatedLoop }

    /// The loop's name, the connection's number and the end (`a` connected, `b` was accepted).
    public var name: String {
        "\(simulatedLoop.name) #\(side == "a" ? identifier : identifier - 1)\(side)"
    }

    /// What the stream is, and what it waits for.
    public var description: String {
        "stream \(name), \(phase), \(outgoing.count) bytes unsent, \(incoming.count) to be read"
            + (isPaused ? ", paused" : "") + (isSevered ? ", severed" : "")
            + (currentReceiver == nil ? ", without a receiver" : "")
    }

    /// Who gets the bytes.
    public var receiver: (any ByteStreamReceiver)? {
        get { currentReceiver }
        set {
            simulatedLoop.requireTurn()
            if phase == .closed, !isGone, currentReceiver == nil, newValue != nil {
                // The end of the stream is still to be told.
                currentReceiver = newValue
            } else if phase != .closed || newValue == nil {
                currentReceiver = newValue
                scheduleRead()
            }
        }
    }

    var hasReceiver: Bool { currentReceiver != nil }

    /// Lets go of the receiver, whoever's turn it is.
    func receiverIsGone() { currentReceiver = nil }

    var world: WorldState { simulatedLoop.world }

    /// True with a probability, drawn from the stream's own source.
    func chance(_ probability: Double) -> Bool {
        probability > 0 && random.chance(probability)
    }

    func add(_ event: Event, after delay: Int64 = 0) {
        world.add(self, code: event.rawValue, on: simulatedLoop, after: delay)
    }

    func fire(_ code: Int) {
        switch Event(rawValue: code) {
        case .pieceArrives: pieceArrives()
        case .readable:
            isReadScheduled = false
            deliver()
        case .writable:
            isWritableScheduled = false
            flush()
        case .drained: tellDrained()
        case .resetArrives: resetComes()
        case .lingerOver: if phase == .closing { finish(.closedHere) }
        case .silenceOver: silenceOver()
        case .closed: tellClosed()
        case nil: break
        }
    }
}
