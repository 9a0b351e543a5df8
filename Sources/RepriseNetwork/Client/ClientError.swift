/// Why a call came to no whole response.
public enum ClientError: Error, Equatable, Sendable {
    /// What took too long.
    public enum Deadline: Equatable, Sendable {
        /// The connection was not made in time.
        case connect
        /// The upstream neither sent nor took anything, when it was its turn.
        case silence
    }

    /// No connection: refused, no such host, TLS not verified, a proxy that refuses.
    case unreachable(host: String, port: UInt16, NetworkError)
    /// Something took too long.
    case timedOut(Deadline)
    /// What came is no HTTP response; the head may have been passed on already.
    case malformedResponse(HTTP1Error)
    /// The connection ended before the head of a response was complete.
    case closedBeforeHead(StreamCloseReason)
    /// The connection ended within the body.
    case cut(StreamCloseReason)
    /// The request cannot be sent as it is; the text says why.
    case unsendable(String)
}
