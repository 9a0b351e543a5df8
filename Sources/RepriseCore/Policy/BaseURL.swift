/// The base URL of an upstream, in a form in which equal upstreams are equal text.
///
/// Scheme and host are in lower case, the scheme's own port and slashes at the end are left out. The
/// text is part of the cache key, so the native server and the Worker both read URLs here and find
/// each other's entries. A request's path is appended to ``text`` as it is.
public struct BaseURL: Hashable, Sendable {
    /// Whether the upstream is reached over TLS (`https`).
    public let isSecure: Bool
    /// A host name or an IPv4 address in lower case, or an IPv6 address without its brackets.
    public let host: [UInt8]
    /// The TCP port, 1 to 65,535; the scheme's own when none was written.
    public let port: UInt16
    /// What stands before every request's path: empty, or from `/` on without a slash at the end.
    public let path: [UInt8]
    /// The whole URL.
    public let text: [UInt8]

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

    /// Reads a base URL.
    ///
    /// - Parameter text: `http` or `https` in any case, a host, and optionally a port and a path.
    /// - Throws: A ``Flaw`` when `text` is another kind of URL, or none.
    public init(parsing text: [UInt8]) throws(Flaw) {
        guard text.allSatisfy({ 0x21...0x7E ~= $0 && !Self.isExcluded($0) }) else {
            throw .malformed
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text[colon...].starts(with: [UInt8]("://"))
        else { throw .malformed }
        let scheme = FieldValue.lowercased(Array(text[..<colon]))
        if scheme.equals("https") {
            isSecure = true
        } else if scheme.equals("http") {
            isSecure = false
        } else {
            throw .scheme
        }
        let start = colon + 3
        if text[start...].contains(UInt8(ascii: "#")) { throw .fragment }
        if text[start...].contains(UInt8(ascii: "?")) { throw .query }
        let slash = text[start...].firstIndex(of: UInt8(ascii: "/")) ?? text.count
        if text[start..<slash].contains(UInt8(ascii: "@")) { throw .userInformation }
        guard let authority = Authority(parsing: Array(text[start..<slash])), authority.port != 0
        else { throw .host }
        var end = text.count
        while end > slash, text[end - 1] == UInt8(ascii: "/") { end -= 1 }
        let defaultPort: UInt16 = isSecure ? 443 : 80
        host = authority.host
        port = authority.port ?? defaultPort
        path = Array(text[slash..<end])
        let written = Authority(host: host, port: port == defaultPort ? nil : port)
        self.text = scheme + [UInt8]("://") + written.text + path
    }

    /// The normal form of a URL.
    ///
    /// - Returns: nil when `text` is not the base URL of an upstream.
    public static func normalised(_ text: [UInt8]) -> [UInt8]? {
        do throws(Flaw) {
            return try BaseURL(parsing: text).text
        } catch {
            return nil
        }
    }

    /// Bytes that no URL holds.
    private static func isExcluded(_ byte: UInt8) -> Bool {
        let excluded: StaticString = "\"<>\\^`{|}"
        return [UInt8](excluded).contains(byte)
    }
}
