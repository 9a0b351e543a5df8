#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The options that every TCP socket here gets.
///
/// Accepted sockets inherit them from the listening one, so they cost nothing a connection.
enum SocketOptions {
    /// Whether a socket has bytes, an end or an error to be read.
    static func hasInput(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count >= 0 || errno != EAGAIN && errno != EWOULDBLOCK
    }

    /// Seconds of silence after which the system asks the peer whether it is there.
    private static let keepAliveIdle: Int32 = 120
    /// Seconds between two such questions.
    private static let keepAliveInterval: Int32 = 30
    /// Questions without an answer after which the connection is taken for dead.
    private static let keepAliveCount: Int32 = 4
    /// Milliseconds that sent bytes may go without an acknowledgement, or a peer may keep its window
    /// shut, before the connection is taken for dead (RFC 5482).
    private static let userTimeout: Int32 = 300_000

    /// Sends small pieces at once, and notices peers that have vanished.
    ///
    /// libuv's own keep-alive call is not used: it gives a peer ten seconds in all.
    static func setCommon(on descriptor: Int32) {
        let tcp = Int32(IPPROTO_TCP)
        set(descriptor, tcp, TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        #if canImport(Darwin)
            set(descriptor, tcp, TCP_KEEPALIVE, keepAliveIdle)
            set(descriptor, tcp, TCP_RXT_CONNDROPTIME, userTimeout / 1000)
            set(descriptor, SOL_SOCKET, SO_NOSIGPIPE, 1)
        #else
            set(descriptor, tcp, TCP_KEEPIDLE, keepAliveIdle)
            set(descriptor, tcp, TCP_USER_TIMEOUT, userTimeout)
        #endif
        set(descriptor, tcp, TCP_KEEPINTVL, keepAliveInterval)
        set(descriptor, tcp, TCP_KEEPCNT, keepAliveCount)
    }

    /// Makes the coming close a reset.
    static func resetOnClose(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// The error that the socket has to tell, which this takes; 0 for none.
    static func pendingError(of descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return value
    }

    /// Sets an option; one that the system refuses is left out, for a stream works without it.
    static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
