import RepriseNetwork

/// A receiver that keeps what it gets, in order.
final class TLSTestReceiver: ByteStreamReceiver {
    enum Event: Equatable {
        case ended
        case drained
        case closed(StreamCloseReason)
    }

    private(set) var bytes: [UInt8] = []
    private(set) var deliveryCount = 0
    private(set) var events: [Event] = []
    var onBytes: (([UInt8]) -> Void)?
    var onDrained: (() -> Void)?
    var onEnded: (() -> Void)?

    var closeReason: StreamCloseReason? {
        guard case .closed(let reason) = events.last else { return nil }
        return reason
    }

    var hasEnded: Bool { events.contains(.ended) }

    func streamReceived(_ bytes: Span<UInt8>) {
        precondition(closeReason == nil, "nothing comes after the end")
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        self.bytes += copy
        deliveryCount += 1
        onBytes?(copy)
    }

    func streamDrained() {
        events.append(.drained)
        onDrained?()
    }

    func streamEnded() {
        events.append(.ended)
        onEnded?()
    }

    func streamClosed(_ reason: StreamCloseReason) {
        precondition(closeReason == nil, "a stream closes once")
        events.append(.closed(reason))
    }
}
