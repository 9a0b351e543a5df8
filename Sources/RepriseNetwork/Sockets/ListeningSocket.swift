internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Makes a socket that listens on an address.
///
/// - Returns: Its descriptor, and the address with the real port.
/// - Throws: `EADDRINUSE` when somebody listens there, because `SO_REUSEPORT` is not set; and
///   whatever else the system says.
func makeListeningSocket(
    on address: SocketAddress
) throws(NetworkError) -> (descriptor: Int32, address: SocketAddress) {
    let family = address.isIPv6 ? AF_INET6 : AF_INET
    #if canImport(Darwin)
        let descriptor = socket(family, SOCK_STREAM, 0)
    #else
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(family, Int32(kind), 0)
    #endif
    guard descriptor >= 0 else { throw .ofSystem(errno) }
    #if canImport(Darwin)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    #endif
    SocketOptions.setCommon(on: descriptor)
    SocketOptions.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if address.isIPv6 { SocketOptions.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    let bound = address.withSystemAddress { bind(descriptor, $0, $1) }
    guard bound == 0, listen(descriptor, Acceptor.backlog) == 0,
        let real = SocketAddress.local(of: descriptor)
    else {
        let code = errno
        systemClose(descriptor)
        throw .ofSystem(code)
    }
    return (descriptor, real)
}
