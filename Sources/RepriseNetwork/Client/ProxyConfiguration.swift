/// Which requests go through which proxy, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
public struct ProxyConfiguration: Equatable, Sendable {
    /// The proxy for origins in clear text.
    public var http: ProxyServer?
    /// The proxy for origins over TLS.
    public var https: ProxyServer?
    /// The hosts that are reached without a proxy.
    var exceptions: [ProxyException] = []

    /// Makes a configuration without proxies.
    public init() {}

    /// Reads the texts of the environment's variables; those that are nil or empty say nothing.
    ///
    /// - Parameters:
    ///   - http: For origins in clear text: `http://[USER[:PASSWORD]@]HOST[:PORT]`, also without
    ///     the scheme, also with `https`.
    ///   - https: For origins over TLS.
    ///   - exceptions: Hosts with commas or blanks between: `*`, names (with the names below them),
    ///     addresses, blocks of addresses such as `10.0.0.0/8`; each may name a port.
    public init(http: String?, https: String?, exceptions: String?) throws(ProxyConfigurationError)
    {
        self.http = try Self.proxy(http, setting: "HTTP_PROXY")
        self.https = try Self.proxy(https, setting: "HTTPS_PROXY")
        let words = (exceptions ?? "").split { $0 == "," || $0 == " " || $0 == "\t" }
        self.exceptions = words.map { ProxyException($0) }
    }

    /// The way to an origin.
    public func route(to origin: Origin) -> Route {
        guard let proxy = origin.isSecure ? https : http else { return .direct }
        if exceptions.contains(where: { $0.covers(origin) }) { return .direct }
        return origin.isSecure ? .tunnel(proxy) : .forward(proxy)
    }

    // MARK: Reading a URL

    private static func proxy(
        _ text: String?, setting: String
    ) throws(ProxyConfigurationError) -> ProxyServer? {
        guard let text, !text.isEmpty else { return nil }
        func failure(_ reason: String) -> ProxyConfigurationError {
            ProxyConfigurationError(setting: setting, reason: reason)
        }
        var rest = Substring(text)
        var isSecure = false
        if let end = schemeEnd(text) {
            switch text[..<end].lowercased() {
            case "http": break
            case "https": isSecure = true
            default: throw failure("is not an http or https URL; write http://HOST:PORT")
            }
            rest = text[end...].dropFirst(3)
        }
        if rest.last == "/" { rest.removeLast() }
        var authorization: [UInt8]?
        if let at = rest.lastIndex(of: "@") {
            guard let credentials = percentDecoded(rest[..<at]) else {
                throw failure("has a user or password with a malformed %; write it as %25")
            }
            let pair = credentials.contains(UInt8(ascii: ":")) ? credentials : credentials + [58]
            authorization = Array("Basic ".utf8) + base64(pair)
            rest = rest[at...].dropFirst()
        }
        guard let (host, port) = hostAndPort(rest) else {
            throw failure("does not name a host and a port; write http://HOST:PORT")
        }
        let origin = Origin(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80))
        return ProxyServer(origin: origin, authorization: authorization)
    }

    private static func schemeEnd(_ text: String) -> String.Index? {
        let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return text[scheme.endIndex...].hasPrefix("://") ? scheme.endIndex : nil
    }

    /// A host without brackets, in lower case, and its port where one is written.
    static func hostAndPort(_ text: Substring) -> (host: String, port: UInt16?)? {
        var host = text
        var rest = Substring()
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[..<end].dropFirst()
            rest = text[end...].dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            rest = text[colon...]
        }
        guard !host.isEmpty, host.utf8.allSatisfy(\.mayStandInHost) else { return nil }
        if rest.isEmpty { return (host.lowercased(), nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (host.lowercased(), port)
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexadecimalValue,
                let low = rest.popFirst()?.hexadecimalValue
            else { return nil }
            result.append(UInt8(high << 4 | low))
        }
        return result
    }

    /// RFC 4648 §4.
    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let group = rest.prefix(3)
            rest = rest.dropFirst(3)
            var bits = group.reduce(0) { $0 << 8 | Int($1) }
            bits <<= 8 * (3 - group.count)
            for place in 0..<4 {
                result.append(
                    place <= group.count
                        ? letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return result
    }
}
