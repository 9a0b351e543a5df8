/// The base URL of an upstream, in a form in which equal upstreams are equal text.
///
/// Scheme and host are in lower case, the scheme's own port and trailing slashes are left out. A
/// request's path is appended to ``text`` as it is.
public struct UpstreamURL: Hashable, Sendable, CustomStringConvertible {
    /// Whether the upstream is reached over TLS (`https`).
    public let isSecure: Bool
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    /// The TCP port, 1 to 65,535, the scheme's own when none was written.
    public let port: Int
    /// What stands before every request's path: empty, or from `/` on without a trailing slash.
    public let path: String

    /// The URL that requests go to by default: OpenAI's.
    public static let openAI = UpstreamURL(
        isSecure: true, host: "api.openai.com", port: 443, path: "/v1")

    /// The whole URL, without a trailing slash.
    public var text: String {
        let scheme = isSecure ? "https" : "http"
        let bracketed = host.contains(":") ? "[\(host)]" : host
        let suffix = port == Self.defaultPort(isSecure: isSecure) ? "" : ":\(port)"
        return "\(scheme)://\(bracketed)\(suffix)\(path)"
    }

    /// The whole URL, as ``text``.
    public var description: String { text }

    /// Reads a base URL.
    ///
    /// - Parameter text: `http` or `https`, a host, and optionally a port and a path.
    /// - Throws: A ``Flaw`` when `text` is another kind of URL, or none.
    public init(parsing text: String) throws(Flaw) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.excluded.contains($0) })
        else { throw .malformed }
        guard let separator = text.firstRange(of: "://") else { throw .malformed }
        switch text[..<separator.lowerBound].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: throw .scheme
        }
        let rest = text[separator.upperBound...]
        if rest.contains("#") { throw .fragment }
        if rest.contains("?") { throw .query }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authorityText = rest[..<slash]
        if authorityText.contains("@") { throw .userInformation }
        guard let authority = Authority(parsing: authorityText), authority.port != 0 else {
            throw .host
        }
        host = authority.host
        port = authority.port ?? Self.defaultPort(isSecure: isSecure)
        var path = rest[slash...]
        while path.hasSuffix("/") {
            path.removeLast()
        }
        self.path = String(path)
    }

    private init(isSecure: Bool, host: String, port: Int, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// Why a text is not the base URL of an upstream.
    public enum Flaw: Error, Equatable, Sendable {
        /// No URL: no `://`, or a byte that no URL may hold (RFC 3986 §2).
        case malformed
        /// Another scheme than `http` or `https`.
        case scheme
        /// No host, or one that cannot be a name or an address, or a port out of range.
        case host
        /// A user name or a password.
        case userInformation
        /// A query.
        case query
        /// A fragment.
        case fragment
    }

    private static let excluded: Set<UInt8> = Set("\"<>\\^`{|}".utf8)

    private static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }
}

/// An upstream with a route of its own, `/<name>/...`.
public struct NamedUpstream: Hashable, Sendable {
    /// The first segment of its route's path: `[a-z0-9][a-z0-9_-]*`, none of the proxy's own.
    public let name: String
    /// Where its requests go.
    public let url: UpstreamURL

    /// The upstream `name` at `url`; the name is not checked.
    public init(name: String, url: UpstreamURL) {
        self.name = name
        self.url = url
    }
}
