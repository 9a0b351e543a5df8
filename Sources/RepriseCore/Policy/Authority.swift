/// The host and the optional port of a URL or of an address to listen on (RFC 3986 §3.2).
public struct Authority: Hashable, Sendable {
    /// A lower-case host name or IPv4 address, or an IPv6 address without its brackets.
    public let host: [UInt8]
    /// 0 to 65,535; nil when none was written.
    public let port: UInt16?

    /// Makes an authority of parts that are not checked.
    public init(host: [UInt8], port: UInt16?) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST` or `HOST:PORT`.
    ///
    /// - Parameter text: The host is an IPv4 address, an IPv6 address in brackets (RFC 3986
    ///   §3.2.2; no zone), or a name of letters, digits, `-`, `_` and `.`.
    /// - Returns: nil when `text` is anything else, user information included.
    public init?(parsing text: [UInt8]) {
        let name: [UInt8]
        let rest: ArraySlice<UInt8>
        if text.first == UInt8(ascii: "[") {
            guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = Array(text[1..<close])
            rest = text[(close + 1)...]
            guard IPAddressText.isVersion6(name) else { return nil }
        } else {
            let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
            name = Array(text[..<colon])
            rest = text[colon...]
            guard Self.isName(name) else { return nil }
        }
        if rest.isEmpty {
            port = nil
        } else {
            guard rest.first == UInt8(ascii: ":"), let number = Self.port(rest.dropFirst()) else {
                return nil
            }
            port = number
        }
        host = FieldValue.lowercased(name)
    }

    /// The authority as it is written; an IPv6 host stands in brackets.
    public var text: [UInt8] {
        var text = host
        if host.contains(UInt8(ascii: ":")) {
            text = [UInt8(ascii: "[")] + host + [UInt8(ascii: "]")]
        }
        guard let port else { return text }
        text.append(UInt8(ascii: ":"))
        var divisor: UInt16 = 10_000
        while divisor > 1, port < divisor { divisor /= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(port / divisor % 10))
            divisor /= 10
        }
        return text
    }

    /// Whether `host` may name a machine; digits and dots alone must be an IPv4 address.
    private static func isName(_ host: [UInt8]) -> Bool {
        if host.allSatisfy({ 0x30...0x39 ~= $0 || $0 == UInt8(ascii: ".") }) {
            return IPAddressText.isVersion4(host[...])
        }
        guard host.count <= 253 else { return false }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { label in
                1...63 ~= label.count && label.first != UInt8(ascii: "-")
                    && label.last != UInt8(ascii: "-") && label.allSatisfy(isNameByte)
            }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    /// A number of digits, zeros in front allowed, up to 65,535.
    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var number: Int32 = 0
        for digit in digits {
            guard 0x30...0x39 ~= digit else { return nil }
            number = number * 10 + Int32(digit - 0x30)
            if number > 65_535 { return nil }
        }
        return digits.isEmpty ? nil : UInt16(number)
    }
}
