import NIOCore

/// Where the connections to one upstream lead, and what all requests to it have in common.
///
/// Read once from the configured base URL, so that no request has a URL to be parsed.
struct UpstreamOrigin: Sendable {
    /// Whether it is reached over TLS.
    let isSecure: Bool
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    let host: String
    /// The TCP port.
    let port: Int
    /// The host as an address; nil when it is a name.
    let address: SocketAddress?
    /// What stands before every request's path: empty, or from `/` on without a trailing slash.
    let basePath: [UInt8]
    /// What follows every request's target: the version, and the `Host` field as the URL writes it.
    let afterTarget: [UInt8]

    /// Reads a base URL such as `https://api.openai.com/v1`.
    ///
    /// - Returns: nil when it is no `http` or `https` URL of a host, a port and a path alone.
    init?(baseURL: String) {
        let rest: Substring
        if baseURL.hasPrefix("https://") {
            isSecure = true
            rest = baseURL.dropFirst(8)
        } else if baseURL.hasPrefix("http://") {
            isSecure = false
            rest = baseURL.dropFirst(7)
        } else {
            return nil
        }
        guard rest.utf8.allSatisfy({ $0.mayStandInTarget && $0 != UInt8(ascii: "?") })
        else { return nil }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@"), let (host, port) = Self.split(authority) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        address = try? SocketAddress(ipAddress: host, port: self.port)
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") {
            path.removeLast()
        }
        basePath = Array(path.utf8)
        afterTarget = Array(" HTTP/1.1\r\nhost: \(authority)\r\n".utf8)
    }

    /// The host without brackets, and the port where one is written.
    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var rest = Substring()
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[..<end].dropFirst()
            rest = authority[end...].dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            rest = authority[colon...]
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port)
        else { return nil }
        return (String(host), port)
    }
}

extension UpstreamOrigin: CustomStringConvertible {
    /// Host and port, for messages.
    var description: String { "\(host):\(port)" }
}
