internal import CLibuv
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A connection on its way from the loop that accepted it to the loop that it will belong to.
///
/// When that loop has ended, the connection is closed with this object.
final class AcceptedSocket: Sendable {
    private let descriptor: Int32
    private let peer: SocketAddress
    private let listener: SystemListener
    private let loop: UVEventLoop
    private let isTaken = Atomic<Bool>(false)

    /// Takes over a socket, which counts as a connection of the listener and the loop from now on.
    init(descriptor: Int32, peer: SocketAddress, listener: SystemListener, loop: UVEventLoop) {
        self.descriptor = descriptor
        self.peer = peer
        self.listener = listener
        self.loop = loop
        listener.openCount.wrappingAdd(1, ordering: .acquiringAndReleasing)
        loop.streamCount.wrappingAdd(1, ordering: .relaxed)
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        systemClose(descriptor)
        loop.streamCount.wrappingSubtract(1, ordering: .relaxed)
        listener.connectionClosed()
    }

    /// Makes the stream. On its loop.
    ///
    /// - Returns: nil when the system refuses.
    func makeStream() -> TCPStream? {
        guard !loop.isEnding, !isTaken.exchange(true, ordering: .relaxed) else { return nil }
        let stream = TCPStream(on: loop, peer: peer, listener: listener)
        guard uv_tcp_open(stream.handle, descriptor) == 0 else {
            systemClose(descriptor)
            stream.closeNow(.closedHere)
            return nil
        }
        return stream
    }
}

/// `close(2)`, which has the name of many methods.
func systemClose(_ descriptor: Int32) { close(descriptor) }
