internal import CLibuv
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The part of a listener that stands on a loop: watches the listening socket and accepts.
///
/// Not libuv's own listening: when descriptors run out it accepts and closes whoever waits, or
/// spins. Here accepting stops, at the limit until a connection is closed, and for want of
/// descriptors or memory also until some time is over.
final class Acceptor: HandleOwner {
    /// The most connections that one turn accepts.
    private static let batchLimit = 64
    /// The most connections that wait in the system.
    static let backlog: Int32 = 4096
    /// How long accepting waits when the system has nothing left.
    private static let starvedTime = Duration.milliseconds(100)

    private let descriptor: Int32
    private let listener: SystemListener
    private let loops: [UVEventLoop]
    private let onTrouble: @Sendable (SocketAddress, NetworkError) -> Void
    private let accept: @Sendable (any ByteStream) -> Void
    private var poll: UnsafeMutablePointer<uv_poll_t>?
    private var timer: HeapTimer?
    private var isClosing = false
    private var isInTrouble = false
    private var completions: [@Sendable () -> Void] = []

    private var loop: UVEventLoop { listener.loop }

    /// Takes over a listening socket; ``start()`` begins.
    init(
        descriptor: Int32, listener: SystemListener, loops: [UVEventLoop],
        onTrouble: @escaping @Sendable (SocketAddress, NetworkError) -> Void,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) {
        self.descriptor = descriptor
        self.listener = listener
        self.loops = loops
        self.onTrouble = onTrouble
        self.accept = accept
    }

    deinit {
        if poll == nil { systemClose(descriptor) }
        poll?.deallocate()
    }

    /// Begins to accept.
    func start() {
        let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        guard uv_poll_init(loop.raw, handle, descriptor) == 0 else {
            // Only a descriptor that is no socket gets here.
            handle.deallocate()
            listener.acceptorClosed()
            return
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
        poll = handle
        resume()
    }

    /// Accepts again, after a pause.
    func resume() {
        guard let poll, !isClosing else { return }
        timer?.cancel()
        timer = nil
        uv_poll_start(poll, Int32(UV_READABLE.rawValue), acceptCallback)
    }

    /// Stops accepting and frees the address.
    func close(_ completion: @escaping @Sendable () -> Void) {
        completions.append(completion)
        guard !isClosing else { return }
        // A reset would be the answer to those who wait in the backlog: they are connected already.
        acceptWaiting(atMost: Int(Self.backlog))
        closeHandle()
    }

    override func loopEnds() { closeHandle() }

    private func closeHandle() {
        guard let poll, !isClosing else { return }
        isClosing = true
        timer?.cancel()
        timer = nil
        uv_poll_stop(poll)
        uv_close(asHandle(poll), acceptorClosedCallback)
    }

    fileprivate func didClose() {
        systemClose(descriptor)
        listener.acceptorClosed()
        let told = completions
        completions = []
        for completion in told { completion() }
    }

    fileprivate func isReadable() {
        loop.turn { acceptWaiting(atMost: Self.batchLimit) }
    }

    private func acceptWaiting(atMost count: Int) {
        guard let poll, !isClosing else { return }
        for _ in 0..<count {
            guard listener.connectionCount < listener.limit else {
                // Whoever closes the connection that made the limit lets this go on; that is
                // posted to this thread, so it comes after the stop.
                uv_poll_stop(poll)
                return
            }
            let (accepted, storage) = acceptOne()
            if accepted >= 0 {
                isInTrouble = false
                handOver(accepted, storage)
                continue
            }
            switch -accepted {
            case EAGAIN, EWOULDBLOCK: return
            // What befell a connection before it was accepted; the next one may be well.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH,
                EOPNOTSUPP, ENETUNREACH, EPERM:
                continue
            case let code: return waitForDescriptors(poll, code)
            }
        }
    }

    /// Accepts a connection.
    ///
    /// - Returns: Its descriptor, or a negated `errno`.
    private func acceptOne() -> (Int32, sockaddr_storage) {
        let (result, storage) = SocketAddress.filled { address, length in
            #if canImport(Darwin)
                let accepted = Darwin.accept(descriptor, address, length)
                if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
                return accepted >= 0 ? accepted : -errno
            #else
                let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                let accepted = accept4(descriptor, address, length, flags)
                return accepted >= 0 ? accepted : -errno
            #endif
        }
        return (result, storage)
    }

    private func waitForDescriptors(_ poll: UnsafeMutablePointer<uv_poll_t>, _ code: Int32) {
        uv_poll_stop(poll)
        listener.isStarved.store(true, ordering: .sequentiallyConsistent)
        timer?.cancel()
        timer = loop.scheduleTimer(after: Self.starvedTime) { [self] in
            timer = nil
            listener.isStarved.store(false, ordering: .sequentiallyConsistent)
            resume()
        }
        guard !isInTrouble else { return }
        isInTrouble = true
        onTrouble(listener.address, .ofSystem(code))
    }

    /// Gives a connection to the loop that has the fewest.
    private func handOver(_ descriptor: Int32, _ storage: sockaddr_storage) {
        var target = loop
        var fewest = Int.max
        for candidate in loops {
            let count = candidate.streamCount.load(ordering: .relaxed)
            if count < fewest { (target, fewest) = (candidate, count) }
        }
        let socket = AcceptedSocket(
            descriptor: descriptor, peer: SocketAddress(storage) ?? .unspecified,
            listener: listener, loop: target)
        if target === loop {
            if let stream = socket.makeStream() { accept(stream) }
        } else {
            let accept = accept
            target.post { if let stream = socket.makeStream() { accept(stream) } }
        }
    }
}

private func acceptor(of data: UnsafeMutableRawPointer?) -> Acceptor? {
    guard let data else { return nil }
    return Unmanaged<Acceptor>.fromOpaque(data).takeUnretainedValue()
}

private func acceptCallback(_ handle: UnsafeMutablePointer<uv_poll_t>?, _: Int32, _: Int32) {
    // An error of the socket shows itself in accepting.
    acceptor(of: handle?.pointee.data)?.isReadable()
}

private func acceptorClosedCallback(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    guard let data = handle?.pointee.data, let loop = loopOwner(handle?.pointee.loop) else {
        return
    }
    let acceptor = Unmanaged<Acceptor>.fromOpaque(data).takeRetainedValue()
    loop.turn { acceptor.didClose() }
}
