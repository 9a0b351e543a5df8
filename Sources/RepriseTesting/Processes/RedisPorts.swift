import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// TCP ports of 127.0.0.1 that nobody else gets while this object lives: they refuse connections
/// until a server that this process has started listens on them, and again when that has ended.
///
/// A test that kills its server would otherwise meet the server of another test on its port.
public final class RedisPorts: Sendable {
    /// The ports.
    public let numbers: [Int]
    private let sockets: Mutex<[Int32]>

    /// No port is to be had.
    private struct None: Error {}

    /// Takes so many ports.
    public init(_ count: Int) throws {
        var sockets: [Int32] = []
        var numbers: [Int] = []
        do {
            for _ in 0..<count {
                let (socket, number) = try Self.bound()
                sockets.append(socket)
                numbers.append(number)
            }
        } catch {
            for socket in sockets { close(socket) }
            throw error
        }
        self.numbers = numbers
        self.sockets = Mutex(sockets)
    }

    deinit { letGo() }

    /// Lets a server listen on the ports. Where that is possible they stay taken for all others.
    func handOver() {
        #if canImport(Darwin)
            letGo()
        #endif
    }

    private func letGo() {
        sockets.withLock { sockets in
            for socket in sockets { close(socket) }
            sockets = []
        }
    }

    /// A socket that is bound to a free port, and does not listen.
    private static func bound() throws -> (socket: Int32, port: Int) {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #elseif canImport(Musl)
            let type = SOCK_STREAM | SOCK_CLOEXEC
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw None() }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        #if !canImport(Darwin)
            // Linux shares a port among sockets that all allow it, as Redis does, unless one of
            // them listens. Before it is bound, this one must not allow it, lest it share a port
            // that is held already.
            var yes: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            isBound =
                isBound
                && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size) == 0
        #endif
        guard isBound else {
            close(descriptor)
            throw None()
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
