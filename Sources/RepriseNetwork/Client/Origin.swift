/// Where requests go: a host and a port, in clear text or over TLS (RFC 9110 §4.3.1).
public struct Origin: Hashable, Sendable {
    /// Whether it is reached over TLS: `https`.
    public var isSecure: Bool
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public var host: String
    /// The TCP port.
    public var port: UInt16

    /// Makes an origin.
    public init(isSecure: Bool, host: String, port: UInt16) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// Host and port, as a `CONNECT` names them (RFC 9112 §3.2.3).
    var hostAndPort: String { "\(bracketedHost):\(port)" }

    /// The value of the `Host` field: the port is left out when it is the scheme's own.
    var authority: String { port == (isSecure ? 443 : 80) ? bracketedHost : hostAndPort }

    private var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }
}
