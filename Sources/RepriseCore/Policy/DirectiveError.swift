/// A mistake in an `X-Proxy-*` request header, to be answered with status 400.
public enum DirectiveError: Error, Equatable, Sendable {
    /// `X-Proxy-TTL` is not a non-negative whole number.
    case ttl([UInt8])
    /// `X-Proxy-Refresh` is neither `true` nor `false`.
    case refresh([UInt8])
    /// `X-Proxy-Namespace` is empty, too long or has a byte that names may not hold.
    case namespace([UInt8])
    /// One of `X-Proxy-Tags` is too long or has a byte that tags may not hold.
    case tag([UInt8])
    /// `X-Proxy-Tags` names more than 16 tags.
    case tooManyTags
    /// An `X-Proxy-*` header of another name.
    case unknown([UInt8])
    /// `X-Proxy-TTL` was sent twice with different values.
    case conflictingTTL
    /// `X-Proxy-Refresh` was sent twice with different values.
    case conflictingRefresh
    /// `X-Proxy-Namespace` was sent twice with different values.
    case conflictingNamespace

    /// The error's `code` in the body of the answer.
    public var code: StaticString {
        switch self {
        case .ttl, .conflictingTTL: "invalid_ttl"
        case .refresh, .conflictingRefresh: "invalid_refresh"
        case .namespace, .conflictingNamespace: "invalid_namespace"
        case .tag, .tooManyTags: "invalid_tags"
        case .unknown: "unknown_header"
        }
    }

    /// What was wrong, where, and what to send instead, in ASCII.
    ///
    /// At most 64 bytes of the value are shown; bytes other than visible ASCII and spaces as `?`.
    public var message: [UInt8] {
        switch self {
        case .ttl(let value):
            Self.message(
                "X-Proxy-TTL", value,
                "is not a number of seconds; send digits only, such as 3600, or 0 for no caching")
        case .refresh(let value):
            Self.message("X-Proxy-Refresh", value, "is not a choice; send true or false")
        case .namespace(let value):
            Self.message(
                "X-Proxy-Namespace", value,
                "is not a name; send 1 to 64 visible ASCII characters without commas")
        case .tag(let value):
            Self.message(
                "X-Proxy-Tags", value,
                "is not a tag; send tags of 1 to 64 visible ASCII characters, separated by commas")
        case .unknown(let name):
            Self.message(
                "X-Proxy-*", name,
                "is not one of them; send X-Proxy-TTL, -Refresh, -Namespace or -Tags")
        case .tooManyTags:
            Array("X-Proxy-Tags: more than 16 tags; send at most 16")
        case .conflictingTTL:
            Array("X-Proxy-TTL: sent with different values; send it once")
        case .conflictingRefresh:
            Array("X-Proxy-Refresh: sent with different values; send it once")
        case .conflictingNamespace:
            Array("X-Proxy-Namespace: sent with different values; send it once")
        }
    }

    private static func message(
        _ header: StaticString, _ value: [UInt8], _ advice: StaticString
    ) -> [UInt8] {
        var message = Array(header)
        message.append(literal: ": \"")
        message.append(
            contentsOf: value.prefix(64).map { 0x20...0x7E ~= $0 ? $0 : UInt8(ascii: "?") })
        if value.count > 64 { message.append(literal: "...") }
        message.append(literal: "\" ")
        message.append(literal: advice)
        return message
    }
}
