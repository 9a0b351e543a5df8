/// An HTTP proxy that stands between this machine and the world.
public struct ProxyServer: Hashable, Sendable {
    /// Where it listens; over TLS when its URL says `https`.
    public var origin: Origin
    /// The value of `Proxy-Authorization` (RFC 9110 §11.7.2); it is for the proxy alone.
    public var authorization: [UInt8]?

    /// Makes a proxy.
    public init(origin: Origin, authorization: [UInt8]? = nil) {
        self.origin = origin
        self.authorization = authorization
    }
}

/// The way to an origin. Connections that were made by one are not used for another.
public enum Route: Hashable, Sendable {
    /// No proxy.
    case direct
    /// Through a proxy's tunnel (`CONNECT`, RFC 9110 §9.3.6).
    case tunnel(ProxyServer)
    /// By a proxy that sends each request on (absolute form, RFC 9112 §3.2.2).
    case forward(ProxyServer)
}

/// Why the setting of a proxy cannot be used; the text says what to write, and quotes nothing.
public struct ProxyConfigurationError: Error, Equatable, Sendable {
    /// Which of the settings it is: `HTTP_PROXY`, `HTTPS_PROXY` or `NO_PROXY`.
    public var setting: String
    /// What is wrong with it.
    public var reason: String
}
