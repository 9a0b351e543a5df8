import RepriseCore

/// The base URL of an upstream, as the key names it.
///
/// The native server writes a URL the same way, so that both find each other's entries.
enum BaseURL {
    /// Normalises a URL: lower-case scheme and host, no default port, no slash at the end.
    ///
    /// - Returns: nil when it is not `http` or `https` with a host, or has user information, a query,
    ///   a fragment, or a byte that no URL may hold.
    static func normalised(_ text: [UInt8]) -> [UInt8]? {
        guard text.allSatisfy({ 0x21...0x7E ~= $0 && !isExcluded($0) }) else { return nil }
        var url: [UInt8]
        let defaultPort: [UInt8]
        let folded = text.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        if folded.starts(with: [UInt8]("https://")) {
            url = [UInt8]("https://")
            defaultPort = [UInt8](":443")
        } else if folded.starts(with: [UInt8]("http://")) {
            url = [UInt8]("http://")
            defaultPort = [UInt8](":80")
        } else {
            return nil
        }
        let slash = text[url.count...].firstIndex(of: UInt8(ascii: "/")) ?? text.count
        guard let authority = authority(Array(folded[url.count..<slash]), defaultPort) else {
            return nil
        }
        url += authority
        url += text[slash...]
        while url.last == UInt8(ascii: "/") { url.removeLast() }
        return url
    }

    /// The host in lower case, with its port unless that is the scheme's own.
    private static func authority(_ text: [UInt8], _ defaultPort: [UInt8]) -> [UInt8]? {
        let isBracketed = text.first == UInt8(ascii: "[")
        let hostEnd: Int
        if isBracketed {
            guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            hostEnd = close + 1
        } else {
            hostEnd = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
        }
        let host = Array(text[..<hostEnd])
        guard !host.isEmpty, host.allSatisfy({ isHostByte($0, isBracketed) }) else { return nil }
        if hostEnd == text.count { return host }
        guard let port = port(Array(text[hostEnd...])) else { return nil }
        return port == defaultPort ? host : host + port
    }

    /// A port with its colon and without leading zeros; nil when it is not from 1 to 65,535.
    private static func port(_ text: [UInt8]) -> [UInt8]? {
        let digits = Array(text.dropFirst().drop { $0 == UInt8(ascii: "0") })
        guard text.first == UInt8(ascii: ":"), 1...5 ~= digits.count,
            digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.reduce(0, { $0 * 10 + Int($1 - 0x30) }) <= 65_535
        else { return nil }
        return [UInt8(ascii: ":")] + digits
    }

    private static func isHostByte(_ byte: UInt8, _ isBracketed: Bool) -> Bool {
        if isBracketed, byte == 0x5B || byte == 0x5D || byte == UInt8(ascii: ":") { return true }
        return 0x61...0x7A ~= byte || 0x30...0x39 ~= byte || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    /// Bytes that no URL holds, and those that begin a query or a fragment.
    private static func isExcluded(_ byte: UInt8) -> Bool {
        let excluded: StaticString = "\"<>\\^`{|}?#"
        return [UInt8](excluded).contains(byte)
    }
}
