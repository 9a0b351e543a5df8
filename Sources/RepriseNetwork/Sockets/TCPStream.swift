internal import CLibuv
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A TCP connection on libuv.
///
/// ```
///          close()            all sent              FIN, or 1 s
///   open ───────────▶ draining ─────▶ lingering ─────────────▶ closing ──▶ closed
///     └── abort(), error, both sides ended ────────────────────▲   (libuv has let go)
/// ```
///
/// While *draining* and *lingering* what the peer sends is read and dropped: a socket that is closed
/// with input unread sends a reset, which can destroy the tail of what was sent before. `open` is
/// left in the direction of `closing` at once by ``abort()``, by an error, and when both sides have
/// ended their bytes.
///
/// The object and its handle are all that an idle connection costs; the output queue is there only
/// while bytes wait.
final class TCPStream: HandleOwner, ByteStream {
    /// Where in its life a stream is; see the chart.
    enum Phase: UInt8, Comparable {
        case open, draining, lingering, closing, closed

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What is true of a stream beside its phase.
    struct Flags: OptionSet {
        let rawValue: UInt16

        /// The receiver wants no bytes now.
        static let paused = Flags(rawValue: 1)
        /// libuv reads.
        static let reading = Flags(rawValue: 2)
        /// The stream will settle at the end of this turn.
        static let touched = Flags(rawValue: 4)
        /// The stream will have a turn of its own.
        static let attended = Flags(rawValue: 8)
        /// It has read its share and waits for the next pass of the loop.
        static let yielding = Flags(rawValue: 16)
        /// More was unsent than the low-water mark, and the receiver has not been told since.
        static let aboveMark = Flags(rawValue: 32)
        /// The peer has ended its bytes.
        static let peerEnded = Flags(rawValue: 64)
        /// This side is to end its bytes when they are sent.
        static let finishing = Flags(rawValue: 128)
        /// This side has sent its FIN.
        static let finished = Flags(rawValue: 256)
        /// The socket takes no more bytes, though some may still be read.
        static let writeFailed = Flags(rawValue: 512)
        /// libuv holds a write.
        static let writing = Flags(rawValue: 1024)
    }

    /// Reads of a whole buffer after which other streams have their turn.
    private static let readsInARow: UInt8 = 4
    /// How long the peer may take to end its side after this one.
    private static let lingerTime = Duration.seconds(1)

    let eventLoop: UVEventLoop
    let handle: UnsafeMutablePointer<uv_tcp_t>
    var phase = Phase.open
    var flags: Flags = []
    /// Bytes that wait; nil when none do.
    var output: OutputQueue?
    /// Bytes that the socket has taken, without those of a write that libuv holds.
    var taken: Int64 = 0
    /// How many bytes the write has that libuv holds.
    var writingCount = 0
    private var keptReceiver: (any ByteStreamReceiver)?
    private var closeReason: StreamCloseReason?
    private var packedPeer: PackedAddress
    private var lingerTimer: HeapTimer?
    private var listener: SystemListener?
    private var fullReads: UInt8 = 0

    /// Makes a stream without a socket, which must be given one or be closed.
    init(on loop: UVEventLoop, peer: SocketAddress, listener: SystemListener? = nil) {
        eventLoop = loop
        packedPeer = PackedAddress(peer)
        self.listener = listener
        handle = .allocate(capacity: 1)
        super.init()
        // Cannot fail: without a family there is no socket to make yet.
        uv_tcp_init(loop.raw, handle)
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
        // An accepted connection counts from its accepting on.
        if listener == nil { loop.streamCount.wrappingAdd(1, ordering: .relaxed) }
    }

    deinit {
        assert(phase == .closed, "the handle holds its stream until it is closed")
        handle.deallocate()
    }

    // MARK: ByteStream

    var loop: any EventLoop { eventLoop }

    var receiver: (any ByteStreamReceiver)? {
        get { keptReceiver }
        set {
            assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
            guard phase < .closed else { return }
            keptReceiver = newValue
            touch()
        }
    }

    /// This side's address; `0.0.0.0:0` once the stream is closed.
    var localAddress: SocketAddress {
        descriptor.flatMap { SocketAddress.local(of: $0) } ?? .unspecified
    }

    var peerAddress: SocketAddress { packedPeer.address }

    var applicationProtocol: String? { nil }

    var hasUndeliveredInput: Bool { descriptor.map { SocketOptions.hasInput($0) } ?? true }

    func pauseReading() {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        flags.insert(.paused)
        touch()
    }

    func resumeReading() {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        flags.remove(.paused)
        touch()
    }

    func close() {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        guard phase == .open else { return }
        phase = .draining
        touch()
    }

    func closeWithoutEnd() { close() }

    func abort() {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        guard phase < .closing else { return }
        // Not `uv_tcp_close_reset`: this is all that it does.
        if let descriptor { SocketOptions.resetOnClose(descriptor) }
        closeNow(.closedHere)
    }

    // MARK: Turns

    /// The socket, while there is one.
    var descriptor: Int32? {
        guard phase < .closing else { return nil }
        var descriptor: Int32 = -1
        return uv_fileno(asHandle(handle), &descriptor) == 0 ? descriptor : nil
    }

    /// The handle in libuv's form for streams.
    var rawStream: UnsafeMutablePointer<uv_stream_t> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
    }

    /// Lets ``settle()`` run at the end of this turn.
    func touch() {
        guard phase < .closing, !flags.contains(.touched) else { return }
        flags.insert(.touched)
        eventLoop.touch(self)
    }

    /// Does what this turn has led to: sends, ends, and switches reading on or off.
    func settle() {
        flags.remove(.touched)
        guard phase < .closing else { return }
        sendOutput()
        guard phase < .closing else { return }
        if output == nil, !flags.contains(.writing) { allIsSent() }
        guard phase < .closing else { return }
        switchReading()
    }

    /// Tells the receiver what was noticed in an earlier turn, and reads on after a pause for the
    /// sake of others.
    func attend() {
        flags.remove(.attended)
        if flags.contains(.yielding) {
            flags.remove(.yielding)
            touch()
        }
        if flags.contains(.aboveMark), phase == .open,
            unsentByteCount <= ByteStreamLimits.lowWaterMark
        {
            flags.remove(.aboveMark)
            keptReceiver?.streamDrained()
        }
    }

    /// Asks for a turn of its own.
    func wantAttention() {
        guard !flags.contains(.attended) else { return }
        flags.insert(.attended)
        eventLoop.attend(to: self)
    }

    // MARK: Reading

    private var wantsToRead: Bool {
        if flags.contains(.peerEnded) || flags.contains(.yielding) { return false }
        switch phase {
        case .open: return keptReceiver != nil && !flags.contains(.paused)
        case .draining, .lingering: return true
        case .closing, .closed: return false
        }
    }

    private func switchReading() {
        let wants = wantsToRead
        // With its writing side broken, a stream stays only for what can still be read.
        if flags.contains(.writeFailed), !wants, !flags.contains(.yielding) {
            return closeNow(closeReason ?? .reset)
        }
        guard wants != flags.contains(.reading) else { return }
        if wants {
            flags.insert(.reading)
            let status = uv_read_start(rawStream, allocateCallback, readCallback)
            if status < 0 { closeNow(.ofLoop(status)) }
        } else {
            flags.remove(.reading)
            uv_read_stop(rawStream)
        }
    }

    /// Takes the result of one read.
    fileprivate func didRead(_ count: Int) {
        if count > 0 {
            if count == UVEventLoop.readBufferSize {
                fullReads += 1
                if fullReads == Self.readsInARow {
                    fullReads = 0
                    flags.insert(.yielding)
                    wantAttention()
                    touch()
                }
            } else {
                fullReads = 0
            }
            guard phase == .open, let keptReceiver else { return }
            let bytes = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(eventLoop.readBuffer)[..<count])
            bytes.withMemoryRebound(to: UInt8.self) { keptReceiver.streamReceived($0.span) }
        } else if count < 0 {
            // libuv has stopped reading by itself.
            flags.remove(.reading)
            if count == Int(UV_EOF.rawValue) {
                didReadEnd()
            } else {
                closeNow(.ofLoop(Int32(count)))
            }
        }
    }

    private func didReadEnd() {
        // After a hang-up libuv takes a short read for the end, also where the next read would
        // have said that the peer reset the connection. A cut must not look like an end.
        if let error = descriptor.map(SocketOptions.pendingError(of:)), error != 0 {
            return closeNow(.ofLoop(-error))
        }
        flags.insert(.peerEnded)
        if flags.contains(.writeFailed) { return closeNow(closeReason ?? .reset) }
        switch phase {
        case .open:
            keptReceiver?.streamEnded()
            touch()
        case .draining: break
        case .lingering: closeNow(.closedHere)
        case .closing, .closed: break
        }
    }

    // MARK: Ending

    /// Goes on to what was to happen when all bytes are sent.
    private func allIsSent() {
        switch phase {
        case .open:
            guard flags.contains(.finishing) else { return }
            sendEnd()
            if flags.contains(.peerEnded) { closeNow(.ended) }
        case .draining:
            sendEnd()
            if flags.contains(.peerEnded) || flags.contains(.writeFailed) {
                return closeNow(.closedHere)
            }
            phase = .lingering
            lingerTimer = eventLoop.scheduleTimer(after: Self.lingerTime) { [self] in
                lingerTimer = nil
                if phase == .lingering { closeNow(.closedHere) }
            }
        case .lingering, .closing, .closed: break
        }
    }

    /// Sends the FIN. Not with `uv_shutdown`: all bytes have been taken, so there is nothing to wait
    /// for.
    private func sendEnd() {
        guard !flags.contains(.finished), let descriptor else { return }
        flags.insert(.finished)
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Notes that the socket takes no more bytes. What has been received can still be read, such as
    /// an upstream's early answer to a body that it does not want.
    func writingFailed(_ status: Int32) {
        dropOutput()
        flags.insert(.writeFailed)
        guard phase == .open else { return closeNow(.closedHere) }
        closeReason = .ofLoop(status)
        touch()
    }

    /// Closes the handle; the receiver hears of it when libuv has let go.
    ///
    /// - Parameter reason: The reason unless this side has closed before.
    func closeNow(_ reason: StreamCloseReason) {
        guard phase < .closing else { return }
        closeReason = phase == .open ? reason : .closedHere
        phase = .closing
        lingerTimer?.cancel()
        lingerTimer = nil
        dropOutput()
        uv_close(asHandle(handle), closeCallback)
    }

    override func loopEnds() { closeNow(.closedHere) }

    fileprivate func didClose() {
        phase = .closed
        eventLoop.streamCount.wrappingSubtract(1, ordering: .relaxed)
        listener?.connectionClosed()
        listener = nil
        let last = keptReceiver
        keptReceiver = nil
        last?.streamClosed(closeReason ?? .closedHere)
    }
}

/// The stream that a handle belongs to.
@inline(__always)
private func stream(of data: UnsafeMutableRawPointer?) -> TCPStream? {
    guard let data else { return nil }
    return Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue()
}

private func allocateCallback(
    _ handle: UnsafeMutablePointer<uv_handle_t>?, _: Int, _ buffer: UnsafeMutablePointer<uv_buf_t>?
) {
    guard let space = loopOwner(handle?.pointee.loop)?.readBuffer else { return }
    buffer?.pointee = uv_buf_t(
        base: space.baseAddress?.assumingMemoryBound(to: CChar.self), len: space.count)
}

private func readCallback(
    _ handle: UnsafeMutablePointer<uv_stream_t>?, _ count: Int, _: UnsafePointer<uv_buf_t>?
) {
    guard count != 0, let stream = stream(of: handle?.pointee.data) else { return }
    stream.eventLoop.turn { stream.didRead(count) }
}

private func closeCallback(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    guard let data = handle?.pointee.data, let stream = stream(of: data) else { return }
    stream.eventLoop.turn { stream.didClose() }
    Unmanaged<TCPStream>.fromOpaque(data).release()
}
