/// A connection with TLS over another stream.
///
///     handshaking ──complete──▶ open ──close(), failure of a write──▶ closing ──below closed──▶ closed
///          │                     │                                       │
///          │ failure, deadline,  │ cut, TLS failure, below closed        │ abort()
///          ▼ cancel              ▼                                       ▼
///        closed                closed                       closing, with nothing more to send
///
/// What a turn writes is encrypted at its end, in records of up to 16 KiB, and only while the stream
/// below has at most ``ByteStreamLimits/lowWaterMark`` bytes unsent; the rest waits as plaintext. What
/// the peer sends is decrypted only to be delivered: while reading is paused the stream below is
/// paused as well, and what had come from it stays encrypted. So both directions are bounded by
/// what the stream below and the writer hold.
///
/// An end without `close_notify` is a cut: ``StreamCloseReason/truncated``.
public final class TLSStream: ByteStream {
    enum Phase: Equatable {
        case handshaking
        case open
        /// This side has closed; the stream below is still to say so.
        case closing
        case closed
    }

    /// What is to follow the last byte written.
    enum WriteEnd: Equatable {
        case none
        /// `close_notify`, and reading goes on.
        case finish
        /// `close_notify`, and nothing is read any more.
        case close
        /// Nothing: a cut.
        case cut
    }

    /// The stream that carries the records.
    let lower: any ByteStream

    /// Who hears how the handshake went, and until when it may take.
    var handshake: TLSHandshake?

    // Nil once nothing is to be encrypted or decrypted any more.
    var engine: TLSEngine?
    var phase = Phase.handshaking
    var queue = TLSWriteQueue()
    var writeEnd = WriteEnd.none
    var hasEndedWriting = false
    var hasEndedReading = false
    var isPaused = false
    var isDelivering = false
    var isDeliveryDue = false
    var isEncryptionDue = false
    /// Whether ``ByteStreamReceiver/streamDrained()`` is owed.
    var isAboveMark = false
    /// How the bytes of the peer end, found while reading was paused.
    var heldEnd: TLSEngine.ReadOutcome?
    var lowerHasEnded = false
    /// Whether the stream below was closed or aborted here.
    var hasLeftLower = false
    private var lingering: (any LoopTimer)?
    var lowerCloseReason: StreamCloseReason?
    /// Records that have gone out under the same keys.
    var recordCount = 0
    /// After how many records this side takes new keys. AES-GCM stays safe for 2^24.5 full ones
    /// (RFC 8446 §5.5).
    var recordsForKeys = 1 << 22

    /// How long the last bytes of a failed connection, such as an alert, may take to leave.
    static let lingerTime = Duration.seconds(5)

    /// The protocol that was agreed on (ALPN).
    public private(set) var applicationProtocol: String?

    /// The version that was agreed on, such as `TLSv1.3`.
    public private(set) var version = ""

    /// Who gets the bytes. Reading begins when it is set.
    public var receiver: (any ByteStreamReceiver)? {
        didSet { adjustReading() }
    }

    init(over lower: any ByteStream, engine: TLSEngine, handshake: TLSHandshake) {
        self.lower = lower
        self.engine = engine
        self.handshake = handshake
    }

    /// The loop of the stream below.
    public var loop: any EventLoop { lower.loop }

    /// This side's address.
    public var localAddress: SocketAddress { lower.localAddress }

    /// The peer's address.
    public var peerAddress: SocketAddress { lower.peerAddress }

    /// Plaintext that waits, and ciphertext that the socket has not taken.
    public var unsentByteCount: Int { queue.count + lower.unsentByteCount }

    /// Bytes of ciphertext that the socket has taken.
    public var sentByteCount: Int64 { lower.sentByteCount }

    /// Whether anything has arrived below; what is decrypted is delivered in the same turn.
    public var hasUndeliveredInput: Bool { lower.hasUndeliveredInput }

    /// Delivers nothing until ``resumeReading()``.
    public func pauseReading() {
        isPaused = true
        adjustReading()
    }

    /// Delivers again.
    public func resumeReading() {
        isPaused = false
        adjustReading()
    }

    /// Writes bytes, which are copied.
    public func write(_ bytes: Span<UInt8>) {
        guard acceptsWrites else { return }
        queue.append(bytes)
        didWrite()
    }

    /// Writes bytes, which are kept until they are encrypted.
    public func write(keeping bytes: [UInt8]) {
        guard acceptsWrites else { return }
        queue.append(keeping: bytes)
        didWrite()
    }

    private var acceptsWrites: Bool { phase == .open && writeEnd == .none }

    private func didWrite() {
        if unsentByteCount > ByteStreamLimits.lowWaterMark { isAboveMark = true }
        encryptAfterThisTurn()
    }

    /// Ends this side's bytes with `close_notify`; reading goes on.
    public func finishWriting() {
        guard acceptsWrites else { return }
        writeEnd = .finish
        encryptAfterThisTurn()
    }

    /// Sends what is written and `close_notify`, then closes the stream below.
    public func close() {
        close(with: .close)
    }

    /// Sends what is written, then closes the stream below, without `close_notify`.
    public func closeWithoutEnd() {
        close(with: .cut)
    }

    private func close(with end: WriteEnd) {
        guard phase == .open else { return }
        phase = .closing
        writeEnd = end
        heldEnd = nil
        // Sees the peer leave while the rest is sent; what comes is dropped.
        adjustReading()
        encryptAfterThisTurn()
    }

    /// Resets the stream below; what was not sent is lost.
    public func abort() {
        guard phase == .open || phase == .closing else { return }
        phase = .closing
        hasEndedWriting = true
        hasLeftLower = true
        queue.removeAll()
        engine = nil
        if lowerCloseReason == nil {
            lower.abort()
        } else {
            finishLater(.closedHere)
        }
    }

    /// Takes the results of the handshake.
    func open() {
        phase = .open
        applicationProtocol = engine?.applicationProtocol
        version = engine?.version ?? ""
        engine?.releaseBuffers()
        adjustReading()
    }

    /// Ends the stream and says so to its receiver, at once.
    func finish(_ reason: StreamCloseReason) {
        guard phase != .closed else { return }
        phase = .closed
        queue.removeAll()
        engine = nil
        heldEnd = nil
        leaveLower(with: lower.unsentByteCount > ByteStreamLimits.lowWaterMark ? .abort : .close)
        let receiver = receiver
        self.receiver = nil
        receiver?.streamClosed(reason)
    }

    /// Ends the stream in a later turn.
    private func finishLater(_ reason: StreamCloseReason) {
        _ = loop.schedule(after: .zero) { self.finish(reason) }
    }

    /// Ends the stream below once nobody is left who would wait for it: if not with a reset, then
    /// within ``lingerTime``.
    func leaveLower(with end: LowerEnd) {
        guard !hasLeftLower, lowerCloseReason == nil else { return }
        hasLeftLower = true
        lower.resumeReading()
        switch end {
        case .abort: lower.abort()
        case .close:
            lower.closeWithoutEnd()
            lingering = loop.schedule(after: Self.lingerTime) { [self] in
                lingering = nil
                if lowerCloseReason == nil { lower.abort() }
            }
        }
    }

    /// Lets go of the timer that waits for the stream below to close.
    func endLingering() {
        lingering?.cancel()
        lingering = nil
    }

    /// Sends what OpenSSL has put out.
    func drainOutgoing() {
        engine?.drainOutgoing { lower.write($0) }
    }
}
