/// Why a request went forward to the upstream (RFC 9211 §2.2).
public enum ForwardReason: Equatable, Sendable, CaseIterable {
    /// The cache was not asked.
    case bypass
    /// The method is never answered from the cache.
    case method
    /// No response is stored under the key.
    case uriMiss
    /// A fresh response is stored, but the request did not want it.
    case request
    /// The stored response is stale.
    case stale

    /// The value of the `fwd` parameter.
    public var token: StaticString {
        switch self {
        case .bypass: "bypass"
        case .method: "method"
        case .uriMiss: "uri-miss"
        case .request: "request"
        case .stale: "stale"
        }
    }
}
