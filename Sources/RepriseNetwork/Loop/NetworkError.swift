/// Why something on the network could not be done.
public enum NetworkError: Error, Equatable, Sendable {
    /// No address belongs to the name.
    case unknownHost
    /// The name server gave no answer, or too late.
    case lookupFailed(String)
    /// The time allowed is over.
    case timedOut
    /// The system refused; `code` is its `errno`, `reason` its text, such as `Connection refused`.
    case system(code: Int32, reason: String)
    /// TLS could not be agreed on; the text says why, without anything secret.
    case tls(TLSFailure)
    /// The proxy that stands between refused the connection, with this status.
    case proxyRefused(status: Int)
}

/// Why a TLS connection could not be made, or broke.
public enum TLSFailure: Error, Equatable, Sendable {
    /// The peer's certificate is not signed by an authority that is trusted here.
    case untrusted(String)
    /// The peer's certificate is over, or not yet valid.
    case expired
    /// The peer's certificate is for another host.
    case wrongHost
    /// The peer does not speak TLS.
    case notTLS
    /// Anything else, in OpenSSL's words.
    case failed(String)
}
