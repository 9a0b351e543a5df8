import NIOCore
import NIOPosix
import NIOSSL

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

extension UpstreamError {
    /// Sorts what went wrong while a connection was made.
    init(connecting error: any Error, to origin: UpstreamOrigin) {
        switch error {
        case ChannelError.connectTimeout:
            self = .timedOut
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                self.init(connecting: first.error, to: origin)
            } else {
                self = .unreachable("\(origin): no address found")
            }
        default:
            self = .unreachable("\(origin): \(Self.reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: error.systemText
        case ChannelError.eof: "the connection was closed as soon as it was made"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "its certificate is for another host"
        case let error where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            "its certificate is not trusted"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            "TLS failed: \(error)"
        default: String(describing: error)
        }
    }
}
