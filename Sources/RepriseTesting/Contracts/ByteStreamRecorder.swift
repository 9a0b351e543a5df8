public import RepriseNetwork

/// A receiver that keeps what it gets and notices calls that a stream must not make.
public final class ByteStreamRecorder: ByteStreamReceiver {
    /// All bytes that came.
    public private(set) var bytes: [UInt8] = []
    /// How many deliveries of bytes there were.
    public private(set) var deliveryCount = 0
    /// How often the stream drained.
    public private(set) var drainCount = 0
    /// How often the peer ended.
    public private(set) var endCount = 0
    /// How the stream was closed.
    public private(set) var closeReason: StreamCloseReason?
    /// Calls that break the contract, in words.
    public private(set) var violations: [String] = []
    /// Whether the stream may deliver bytes or an end now.
    public var mayDeliver = true
    /// Done in each delivery of bytes, after they are kept.
    public var whenReceived: (() -> Void)?
    /// Done when the stream drains.
    public var whenDrained: (() -> Void)?
    /// Done when the peer ends.
    public var whenEnded: (() -> Void)?

    /// Makes a recorder that has got nothing.
    public init() {}

    /// Keeps bytes.
    public func streamReceived(_ span: Span<UInt8>) {
        check("bytes")
        if !mayDeliver { violations.append("bytes though it may deliver none") }
        if endCount > 0 { violations.append("bytes after the end") }
        if span.isEmpty { violations.append("a delivery of no bytes") }
        deliveryCount += 1
        span.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        whenReceived?()
    }

    /// Counts.
    public func streamDrained() {
        check("drained")
        drainCount += 1
        whenDrained?()
    }

    /// Counts.
    public func streamEnded() {
        check("the end")
        if !mayDeliver { violations.append("the end though it may deliver none") }
        if endCount > 0 { violations.append("the end twice") }
        endCount += 1
        whenEnded?()
    }

    /// Keeps the reason.
    public func streamClosed(_ reason: StreamCloseReason) {
        check("closed")
        closeReason = reason
    }

    private func check(_ call: String) {
        if closeReason != nil { violations.append("\(call) after it was closed") }
    }
}
