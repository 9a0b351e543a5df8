import RepriseNetwork

/// One end of a connection in memory.
final class TLSTestWire: ByteStream {
    private let testLoop: TLSTestLoop
    private(set) weak var peer: TLSTestWire?
    private var unsent: [UInt8] = []
    private var inbox: [UInt8] = []
    private var isPaused = false
    private var isFlushDue = false
    private var isDeliveryDue = false
    private var wasAboveMark = false
    private var isFinishing = false
    private var isClosing = false
    private var hasSentEnd = false
    private var peerHasEnded = false
    private var hasDeliveredEnd = false
    private var isClosed = false
    private var resetReason: StreamCloseReason?

    /// The most bytes of one delivery.
    var deliverySize = 64 << 10
    /// The most bytes on the way to the peer, which is then full.
    var capacity = 256 << 10
    /// All bytes that this end has sent.
    private(set) var sent: [UInt8] = []
    /// How often bytes were written to it.
    private(set) var writeCount = 0
    /// The most that ever was unsent.
    private(set) var mostUnsent = 0
    private(set) var wasAborted = false
    private(set) var sentByteCount: Int64 = 0
    let applicationProtocol: String? = nil
    let localAddress: SocketAddress
    let peerAddress: SocketAddress

    var receiver: (any ByteStreamReceiver)? {
        didSet { scheduleDelivery() }
    }

    private init(_ loop: TLSTestLoop, port: UInt16, peerPort: UInt16) {
        testLoop = loop
        guard let local = SocketAddress(bytes: [127, 0, 0, 1], port: port),
            let remote = SocketAddress(bytes: [127, 0, 0, 1], port: peerPort)
        else { preconditionFailure("four bytes are an address") }
        localAddress = local
        peerAddress = remote
    }

    /// Makes both ends.
    static func pair(_ loop: TLSTestLoop) -> (TLSTestWire, TLSTestWire) {
        let left = TLSTestWire(loop, port: 1, peerPort: 2)
        let right = TLSTestWire(loop, port: 2, peerPort: 1)
        left.peer = right
        right.peer = left
        return (left, right)
    }

    var loop: any EventLoop { testLoop }
    var unsentByteCount: Int { unsent.count }

    func pauseReading() { isPaused = true }

    func resumeReading() {
        isPaused = false
        scheduleDelivery()
    }

    var isReadingPaused: Bool { isPaused }

    func write(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { write(keeping: Array($0)) }
    }

    func write(keeping bytes: [UInt8]) {
        guard !isFinishing, !isClosing, !isClosed else { return }
        writeCount += 1
        unsent += bytes
        mostUnsent = max(mostUnsent, unsent.count)
        if unsent.count > ByteStreamLimits.lowWaterMark { wasAboveMark = true }
        scheduleFlush()
    }

    func finishWriting() {
        isFinishing = true
        scheduleFlush()
    }

    func close() {
        isClosing = true
        scheduleFlush()
    }

    func closeWithoutEnd() { close() }

    func abort() {
        guard !isClosed else { return }
        wasAborted = true
        unsent = []
        if let peer {
            peer.resetReason = .reset
            peer.scheduleDelivery()
        }
        closed(.closedHere)
    }

    private func scheduleFlush() {
        guard !isFlushDue else { return }
        isFlushDue = true
        testLoop.flushAfterThisTurn { [self] in
            isFlushDue = false
            flush()
        }
    }

    private func flush() {
        guard !isClosed, let peer else { return }
        let count = min(unsent.count, max(capacity - peer.inbox.count, 0))
        if count > 0 {
            peer.inbox += unsent[..<count]
            sent += unsent[..<count]
            unsent.removeFirst(count)
            sentByteCount += Int64(count)
            peer.scheduleDelivery()
        }
        if unsent.isEmpty && (isFinishing || isClosing) && !hasSentEnd {
            hasSentEnd = true
            peer.peerHasEnded = true
            peer.scheduleDelivery()
            if isClosing { closed(.closedHere) }
        }
        if isClosing && hasSentEnd { closed(.closedHere) }
        if wasAboveMark && unsent.count <= ByteStreamLimits.lowWaterMark {
            wasAboveMark = false
            receiver?.streamDrained()
        }
        closeIfBothEnded()
    }

    private func closed(_ reason: StreamCloseReason) {
        guard !isClosed else { return }
        isClosed = true
        testLoop.inTurn { [self] in
            let receiver = receiver
            self.receiver = nil
            receiver?.streamClosed(reason)
        }
    }

    private func closeIfBothEnded() {
        if hasSentEnd && hasDeliveredEnd { closed(.ended) }
    }

    private func scheduleDelivery() {
        guard !isDeliveryDue, !isClosed else { return }
        isDeliveryDue = true
        testLoop.inTurn { [self] in
            isDeliveryDue = false
            deliver()
        }
    }

    private func deliver() {
        guard !isClosed else { return }
        if let resetReason { return closed(resetReason) }
        guard !isPaused, let receiver else { return }
        if isClosing { inbox = [] }
        if !inbox.isEmpty {
            let bytes = Array(inbox.prefix(deliverySize))
            inbox.removeFirst(bytes.count)
            receiver.streamReceived(bytes.span)
            peer?.scheduleFlush()
            scheduleDelivery()
        } else if peerHasEnded && !hasDeliveredEnd {
            hasDeliveredEnd = true
            receiver.streamEnded()
            closeIfBothEnded()
        }
    }
}
