import RepriseCore
import RepriseNetwork

extension FetchFailure {
    /// What went wrong with an upstream call.
    init(_ error: ClientError) {
        switch error {
        case .unreachable(let host, let port, let cause):
            self = .unreachable(Array("\(host):\(port): \(cause.reason)".utf8))
        case .timedOut:
            self = .timedOut
        case .malformedResponse(let flaw):
            self = .malformedResponse(Array(flaw.reason.utf8))
        case .closedBeforeHead, .cut:
            self = .connectionLost
        case .unsendable(let reason):
            self = .unsendable(Array(reason.utf8))
        }
    }
}

extension NetworkError {
    /// Why an upstream cannot be reached, for people.
    fileprivate var reason: String {
        switch self {
        case .unknownHost: "no address found"
        case .lookupFailed(let reason): "its name cannot be looked up: \(reason)"
        case .timedOut: "the connection was not made in time"
        case .system(_, let reason): reason
        case .tls(.untrusted(let reason)): "its certificate is not trusted (\(reason))"
        case .tls(.expired): "its certificate has expired or is not valid yet"
        case .tls(.wrongHost): "its certificate is for another host"
        case .tls(.notTLS): "it does not speak TLS; is it an http:// address?"
        case .tls(.failed(let reason)): "TLS failed: \(reason)"
        case .proxyRefused(let status): "the proxy refused the connection with status \(status)"
        }
    }
}

extension HTTP1Error {
    /// What is wrong with a message, for people.
    fileprivate var reason: String {
        switch self {
        case .headTooLarge: "its head has too many bytes or fields"
        case .malformed(let flaw), .malformedChunk(let flaw): flaw.description
        case .unknownTransferCoding: "a transfer coding other than chunked"
        case .truncated: "it ended before it was complete"
        }
    }
}
