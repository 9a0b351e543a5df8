import Foundation
import RepriseNetwork

/// A stream over a real socket, driven by a ``TLSTestLoop``.
final class TLSTestSocket: ByteStream {
    private let testLoop: TLSTestLoop
    private let descriptor: Int32
    private var unsent: [UInt8] = []
    private var isPaused = false
    private var hasReadEnd = false
    private var isFinishing = false
    private var isClosing = false
    private var isClosed = false
    private var wasAboveMark = false
    private var isFlushDue = false
    private(set) var sentByteCount: Int64 = 0
    let applicationProtocol: String? = nil
    let localAddress: SocketAddress
    let peerAddress: SocketAddress
    var receiver: (any ByteStreamReceiver)?

    private init(_ loop: TLSTestLoop, _ descriptor: Int32) throws {
        guard let address = SocketAddress(bytes: [127, 0, 0, 1], port: 0) else {
            throw POSIXError(.EINVAL)
        }
        testLoop = loop
        self.descriptor = descriptor
        localAddress = address
        peerAddress = address
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        loop.waitForSockets = { [weak self] in self?.wait() }
    }

    deinit { if !isClosed { Self.closeDescriptor(descriptor) } }

    private static func closeDescriptor(_ descriptor: Int32) {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    /// Connects to a port of this machine.
    static func connected(to port: UInt16, _ loop: TLSTestLoop) throws -> TLSTestSocket {
        let descriptor = try makeSocket()
        let result = withAddress(port) {
            #if canImport(Glibc)
                Glibc.connect(descriptor, $0, $1)
            #else
                Darwin.connect(descriptor, $0, $1)
            #endif
        }
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
        return try TLSTestSocket(loop, descriptor)
    }

    /// A socket that listens on a free port.
    static func listening() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = try makeSocket()
        guard withAddress(0, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 5) == 0 else {
            throw POSIXError(.EADDRINUSE)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// Takes the next connection, and listens no more.
    static func accepted(from listener: Int32, _ loop: TLSTestLoop) throws -> TLSTestSocket {
        defer { closeDescriptor(listener) }
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 30_000) == 1 else { throw POSIXError(.ETIMEDOUT) }
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { throw POSIXError(.ECONNABORTED) }
        return try TLSTestSocket(loop, descriptor)
    }

    private static func makeSocket() throws -> Int32 {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func withAddress<R>(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    var loop: any EventLoop { testLoop }
    var unsentByteCount: Int { unsent.count }
    func pauseReading() { isPaused = true }
    func resumeReading() { isPaused = false }

    func write(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { write(keeping: Array($0)) }
    }

    func write(keeping bytes: [UInt8]) {
        guard !isFinishing, !isClosing, !isClosed else { return }
        unsent += bytes
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
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
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
        guard !isClosed else { return }
        while !unsent.isEmpty {
            let count = send(descriptor, unsent, unsent.count, Int32(MSG_NOSIGNAL))
            if count <= 0 {
                if errno != EAGAIN { closed(.reset) }
                break
            }
            unsent.removeFirst(count)
            sentByteCount += Int64(count)
        }
        guard !isClosed else { return }
        if unsent.isEmpty && isClosing {
            shutdown(descriptor, Int32(SHUT_WR))
            return closed(.closedHere)
        }
        if unsent.isEmpty && isFinishing {
            shutdown(descriptor, Int32(SHUT_WR))
            if hasReadEnd { return closed(.ended) }
        }
        if wasAboveMark && unsent.count <= ByteStreamLimits.lowWaterMark {
            wasAboveMark = false
            receiver?.streamDrained()
        }
    }

    private func closed(_ reason: StreamCloseReason) {
        guard !isClosed else { return }
        isClosed = true
        Self.closeDescriptor(descriptor)
        testLoop.waitForSockets = nil
        testLoop.inTurn { [self] in
            let receiver = receiver
            self.receiver = nil
            receiver?.streamClosed(reason)
        }
    }

    /// Waits a second at most, then does what the socket is ready for.
    private func wait() {
        guard !isClosed else { return }
        let isReading = !isPaused && receiver != nil && !hasReadEnd
        var events: Int32 = 0
        if isReading { events |= Int32(POLLIN) }
        if !unsent.isEmpty { events |= Int32(POLLOUT) }
        var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard poll(&waiting, 1, 1000) > 0 else { return }
        testLoop.turn {
            if !unsent.isEmpty { flush() }
            if isReading && !isClosed { read() }
        }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            receiver?.streamReceived(buffer.span.extracting(..<count))
        } else if count == 0 {
            hasReadEnd = true
            receiver?.streamEnded()
            if isFinishing && unsent.isEmpty { closed(.ended) }
        } else if errno != EAGAIN {
            closed(.reset)
        }
    }
}
