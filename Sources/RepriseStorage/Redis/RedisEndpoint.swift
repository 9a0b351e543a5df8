/// Where one Redis server listens.
public struct RedisEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A name or an IP address, the latter without brackets.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// Makes an endpoint from its parts.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, or `[host]:port` for an IPv6 address.
    public var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
