/// What this cache did for a request: the member that it adds to `Cache-Status` (RFC 9211).
public enum CacheStatus: Equatable, Sendable {
    /// More about a decision, in the `detail` parameter (RFC 9211 §2.8).
    public enum Detail: Equatable, Sendable {
        /// `X-Proxy-Refresh: true` asked for a new response.
        case refresh
        /// A stored response stands in for an error of the upstream.
        case staleIfError
        /// `only-if-cached` forbade asking the upstream.
        case onlyIfCached
        /// The cache was not asked.
        case bypass(BypassReason)
        /// The response was not stored.
        case rejection(StoreRejection)

        /// The parameter's value.
        public var token: StaticString {
            switch self {
            case .refresh: "refresh"
            case .staleIfError: "stale-if-error"
            case .onlyIfCached: "only-if-cached"
            case .bypass(let reason): reason.detail
            case .rejection(let rejection): rejection.detail
            }
        }
    }

    /// A stored response was served, with `ttl` seconds of freshness left; nil when it has no limit.
    case hit(ttl: Int64?, detail: Detail? = nil)
    /// The request went to the upstream.
    ///
    /// `stored` means, for a stream, that it will be stored if it completes. `collapsed` means that the
    /// request was answered by another one's upstream call.
    case forward(
        ForwardReason, stored: Bool = false, collapsed: Bool = false, detail: Detail? = nil)
    /// The proxy answered by itself, such as with the 504 that `only-if-cached` asks for.
    case generated(Detail)

    /// The status of a request that bypasses the cache.
    public static func bypass(_ reason: BypassReason) -> CacheStatus {
        // RFC 9211 §2.2 has a word of its own for this one; the detail would only repeat it.
        if reason == .method { return .forward(.method) }
        return .forward(.bypass, detail: .bypass(reason))
    }

    /// The list member, such as `reprise; hit; ttl=5`.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        append(to: &bytes)
        return bytes
    }

    /// Appends the list member.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(literal: "reprise")
        switch self {
        case .hit(let ttl, let detail):
            bytes.append(literal: "; hit")
            if let ttl {
                bytes.append(literal: "; ttl=")
                bytes.append(decimal: ttl)
            }
            Self.append(detail, to: &bytes)
        case .forward(let reason, let stored, let collapsed, let detail):
            bytes.append(literal: "; fwd=")
            bytes.append(literal: reason.token)
            if stored { bytes.append(literal: "; stored") }
            if collapsed { bytes.append(literal: "; collapsed") }
            Self.append(detail, to: &bytes)
        case .generated(let detail):
            Self.append(detail, to: &bytes)
        }
    }

    /// The whole field value: the members that the upstream's caches sent, then this one
    /// (RFC 9211 §2: each cache appends).
    ///
    /// - Parameter upstream: The header fields of the upstream's response.
    public func value(after upstream: [HeaderField]) -> [UInt8] {
        var value: [UInt8] = []
        for field in upstream where field.isNamed("cache-status") && !field.value.isEmpty {
            value.append(contentsOf: field.value)
            value.append(literal: ", ")
        }
        value.append(contentsOf: bytes)
        return value
    }

    private static func append(_ detail: Detail?, to bytes: inout [UInt8]) {
        guard let detail else { return }
        bytes.append(literal: "; detail=")
        bytes.append(literal: detail.token)
    }
}
