/// Where the proxy accepts connections: a host and a TCP port.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address, an IPv6 address without brackets, or a host name.
    public let host: String
    /// A TCP port, 0 to 65,535; 0 lets the system choose a free one.
    public let port: Int

    /// The address `host`:`port`, unchecked.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The address as it is written in settings; an IPv6 host stands in brackets.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Reads `HOST:PORT`.
    ///
    /// - Parameter text: An IPv4 address, an IPv6 address in brackets or a host name, then a colon
    ///   and a port.
    /// - Returns: nil when `text` is anything else; a port alone is not enough.
    init?(parsing text: String) {
        guard let authority = Authority(parsing: text), let port = authority.port else {
            return nil
        }
        self.init(host: authority.host, port: port)
    }
}
