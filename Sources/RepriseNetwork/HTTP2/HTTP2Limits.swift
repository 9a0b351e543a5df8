/// The bounds and deadlines of one HTTP/2 connection from a client.
public struct HTTP2Limits: Sendable {
    /// Bytes of a request's head: names, values, and 32 for each field (RFC 9113 §10.5.1).
    public var headBytes = 64 << 10
    /// How many fields a head may have, those with a colon included.
    public var fields = 256
    /// Requests under way at once.
    public var streams = 100
    /// Bytes of one request's body that may wait for whoever reads it.
    public var streamWindow = 256 << 10
    /// Bytes of all requests' bodies together that may wait.
    public var connectionWindow = 1 << 20
    /// How long a head may take from its first byte.
    public var headTimeout = Duration.seconds(10)
    /// How long a connection may be without requests, and a client may send nothing of a body or
    /// take nothing of a response.
    public var idleTimeout = Duration.seconds(21 * 60)

    /// The default bounds.
    public init() {}
}

/// The error codes (RFC 9113 §7) that a stream is reset with here.
public enum HTTP2ErrorCode: UInt32, Sendable {
    /// The response is whole, and what is left of the request is of no use.
    case noError = 0
    /// The peer breaks the protocol.
    case protocolError = 1
    /// The response broke off.
    case internalError = 2
    /// The stream is of no more use.
    case cancel = 8
    /// The peer makes work that leads to nothing.
    case enhanceYourCalm = 11
}
