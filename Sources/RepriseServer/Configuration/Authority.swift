import NIOCore

/// The host and the optional port of a URL or of an address to listen on (RFC 3986 §3.2).
struct Authority: Equatable {
    /// A lower-case host name or IPv4 address, or an IPv6 address without its brackets.
    let host: String
    /// 0 to 65,535; nil when none was written.
    let port: Int?

    /// Reads `HOST` or `HOST:PORT`.
    ///
    /// - Parameter text: The host is an IPv4 address, an IPv6 address in brackets (RFC 3986
    ///   §3.2.2; no zone), or a name of letters, digits, `-`, `_` and `.`.
    /// - Returns: nil when `text` is anything else, user information included.
    init?(parsing text: some StringProtocol) {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = Substring(text[..<close].dropFirst())
            rest = Substring(text[close...].dropFirst())
            guard host.contains(":"), Self.isAddress(host) else { return nil }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = Substring(text[..<colon])
            rest = Substring(text[colon...])
            guard Self.isName(host) else { return nil }
        }
        if rest.isEmpty {
            port = nil
        } else {
            let digits = rest.dropFirst()
            guard rest.hasPrefix(":"), digits.utf8.allSatisfy({ $0.isDigit }),
                let number = UInt16(digits)
            else { return nil }
            port = Int(number)
        }
        self.host = host.lowercased()
    }

    /// Whether `host` may name a machine; digits and dots alone must be an IPv4 address.
    private static func isName(_ host: Substring) -> Bool {
        if host.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }) {
            return isAddress(host)
        }
        return host.utf8.count <= 253
            && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy {
                        $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-")
                            || $0 == UInt8(ascii: "_")
                    }
            }
    }

    private static func isAddress(_ host: Substring) -> Bool {
        do {
            _ = try SocketAddress(ipAddress: String(host), port: 0)
            return true
        } catch {
            return false
        }
    }
}

extension UInt8 {
    /// Whether this is an ASCII digit.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether this is an ASCII letter.
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
