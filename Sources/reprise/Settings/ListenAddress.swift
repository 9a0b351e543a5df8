import RepriseCore

/// Where a listener accepts connections: a host and a TCP port.
struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address, an IPv6 address without brackets, or a host name.
    let host: String
    /// A TCP port; 0 lets the system choose a free one.
    let port: UInt16

    /// The address `host`:`port`, unchecked.
    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`.
    ///
    /// - Parameter text: An IPv4 address, an IPv6 address in brackets or a host name, then a colon
    ///   and a port; a port alone is not enough.
    init(parsing text: String) throws(ValueFlaw) {
        guard let authority = Authority(parsing: Array(text.utf8)), let port = authority.port else {
            throw ValueFlaw("is not HOST:PORT; write 127.0.0.1:8787, [::1]:8787 or localhost:8787")
        }
        self.init(host: String(decoding: authority.host, as: UTF8.self), port: port)
    }

    /// The address as it is written in settings; an IPv6 host stands in brackets.
    var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether only this machine reaches it: a loopback address, or a name that stands for one
    /// (RFC 6761 §6.3).
    var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || 0x30...0x39 ~= $0 }
    }
}
