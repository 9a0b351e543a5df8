import RepriseNetwork

/// A connection whose other end a test plays.
final class PlayedStream: ByteStream {
    /// What has come, and waits to be delivered.
    private enum Arrival {
        case bytes([UInt8])
        case end
    }

    /// How this side let go of it.
    enum Closing: Equatable {
        case closed, closedWithoutEnd, aborted
    }

    private let played: PlayedLoop
    let peerAddress: SocketAddress
    private var arrivals: [Arrival] = []
    private var unsent: [UInt8] = []
    private var isAboveMark = false
    private var isGone = false
    private(set) var isPaused = false
    /// Bytes that the peer still takes.
    private var window: Int
    /// What the peer has got.
    private(set) var taken: [UInt8] = []
    /// How this side closed it, nil when it did not.
    private(set) var closing: Closing?
    private(set) var isWriteFinished = false

    init(_ loop: PlayedLoop, peer: SocketAddress, window: Int) {
        played = loop
        peerAddress = peer
        self.window = window
    }

    var loop: any EventLoop { played }
    var receiver: (any ByteStreamReceiver)?
    var localAddress: SocketAddress { peerAddress }
    var applicationProtocol: String? { nil }
    var hasUndeliveredInput: Bool { !arrivals.isEmpty || isGone }
    var unsentByteCount: Int { unsent.count }
    var sentByteCount: Int64 { Int64(taken.count) }

    /// What the peer has got, as text.
    var text: String { String(decoding: taken, as: UTF8.self) }

    /// Whether it is open on this side.
    var isOpen: Bool { closing == nil && !isGone }

    func pauseReading() { isPaused = true }

    func resumeReading() {
        isPaused = false
        if !arrivals.isEmpty { played.later { self.deliver() } }
    }

    func write(_ bytes: Span<UInt8>) {
        for index in bytes.indices { unsent.append(bytes[index]) }
        noteMark()
    }

    func write(keeping bytes: [UInt8]) {
        unsent += bytes
        noteMark()
    }

    private func noteMark() {
        if unsent.count > ByteStreamLimits.lowWaterMark { isAboveMark = true }
    }

    func finishWriting() { isWriteFinished = true }

    func close() { close(.closed) }

    func closeWithoutEnd() { close(.closedWithoutEnd) }

    func abort() { close(.aborted) }

    private func close(_ kind: Closing) {
        guard isOpen else { return }
        closing = kind
        arrivals = []
        if kind == .aborted { unsent = [] }
        played.later { self.vanish(.closedHere) }
    }

    private func vanish(_ reason: StreamCloseReason) {
        guard !isGone else { return }
        isGone = true
        let receiver = receiver
        self.receiver = nil
        receiver?.streamClosed(reason)
    }

    /// Hands over what was written, as far as the peer takes it.
    func flush() {
        guard !isGone, !unsent.isEmpty else { return }
        let count = min(window, unsent.count)
        taken += unsent[..<count]
        unsent.removeFirst(count)
        if window != .max { window -= count }
        if unsent.count <= ByteStreamLimits.lowWaterMark, isAboveMark, isOpen {
            isAboveMark = false
            played.later { if self.isOpen { self.receiver?.streamDrained() } }
        }
    }

    private func deliver() {
        while isOpen, !isPaused, let receiver, !arrivals.isEmpty {
            switch arrivals.removeFirst() {
            case .bytes(let bytes): receiver.streamReceived(bytes.span)
            case .end: receiver.streamEnded()
            }
        }
    }

    // MARK: What the peer does

    /// Sends bytes.
    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) {
        arrivals.append(.bytes(bytes))
        played.turn { deliver() }
    }

    /// Ends its side cleanly.
    func end() {
        arrivals.append(.end)
        played.turn { deliver() }
    }

    /// Sends bytes and the end without the loop having seen them yet.
    func sendUnseen(_ text: String = "", ends: Bool) {
        if !text.isEmpty { arrivals.append(.bytes(Array(text.utf8))) }
        if ends { arrivals.append(.end) }
        played.later { self.deliver() }
    }

    /// Breaks the connection off.
    func breakOff(_ reason: StreamCloseReason = .reset) {
        played.turn { vanish(reason) }
    }

    /// Takes more bytes.
    func take(_ count: Int) {
        if window != .max { window += count }
        played.turn()
    }
}
