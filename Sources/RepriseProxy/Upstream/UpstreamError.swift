/// Why an upstream gave no usable response.
public enum UpstreamError: Error, Equatable, Sendable {
    /// No connection: refused, no such host, TLS not verified. The text says which.
    case unreachable(String)
    /// The connection was not made, or nothing came, in the time allowed.
    case timedOut
    /// The connection ended before the response did.
    case connectionLost
    /// The request cannot be sent as it is; the text says why.
    case unsendable(String)
}
