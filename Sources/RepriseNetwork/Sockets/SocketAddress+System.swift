internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension SocketAddress {
    /// Reads an address that the system has filled in.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            let four = withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in.self) }
            self.init(
                bytes: withUnsafeBytes(of: four.sin_addr) { [UInt8]($0) },
                port: UInt16(bigEndian: four.sin_port))
        case AF_INET6:
            let six = withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in6.self) }
            self.init(
                bytes: withUnsafeBytes(of: six.sin6_addr) { [UInt8]($0) },
                port: UInt16(bigEndian: six.sin6_port), scope: six.sin6_scope_id)
        default:
            return nil
        }
    }

    /// The address in the system's form.
    private var storage: (sockaddr_storage, socklen_t) {
        var storage = sockaddr_storage()
        if isIPv6 {
            var six = sockaddr_in6()
            #if canImport(Darwin)
                six.sin6_len = UInt8(MemoryLayout<sockaddr_in6>.size)
            #endif
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            six.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &six.sin6_addr) { $0.copyBytes(from: bytes) }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
            return (storage, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
        var four = sockaddr_in()
        #if canImport(Darwin)
            four.sin_len = UInt8(MemoryLayout<sockaddr_in>.size)
        #endif
        four.sin_family = sa_family_t(AF_INET)
        four.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &four.sin_addr) { $0.copyBytes(from: bytes) }
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
        return (storage, socklen_t(MemoryLayout<sockaddr_in>.size))
    }

    /// Lends the address in the system's form.
    func withSystemAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        let (storage, length) = storage
        return withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Asks the system for an address, as `getsockname` and `accept` give it.
    static func filled(
        by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> (result: Int32, storage: sockaddr_storage) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &length) }
        }
        return (result, storage)
    }

    /// The address that a socket is bound to.
    static func local(of descriptor: Int32) -> SocketAddress? {
        let (result, storage) = filled { getsockname(descriptor, $0, $1) }
        return result == 0 ? SocketAddress(storage) : nil
    }

    /// The address that a socket is connected to.
    static func peer(of descriptor: Int32) -> SocketAddress? {
        let (result, storage) = filled { getpeername(descriptor, $0, $1) }
        return result == 0 ? SocketAddress(storage) : nil
    }

    /// No address at all: `0.0.0.0:0`.
    static let unspecified = SocketAddress(four: 0, port: 0)

    private init(four: UInt32, port: UInt16) {
        bytes = withUnsafeBytes(of: four.bigEndian) { [UInt8]($0) }
        scope = 0
        self.port = port
    }
}
