/// The deadlines and bounds of client connections.
public struct ServerConfiguration: Sendable {
    /// How long a TLS handshake may take.
    public var handshakeTimeout = Duration.seconds(10)
    /// How long a request's head may take from its first byte.
    public var headerTimeout = Duration.seconds(10)
    /// How long a client may send nothing between requests or pieces of a body, or take nothing of
    /// what it is sent.
    public var idleTimeout = Duration.seconds(21 * 60)
    /// Bytes that are kept of requests behind one that waits for its response.
    public var maximumPipelined = 2 << 20

    /// Makes the documented defaults.
    public init() {}
}
