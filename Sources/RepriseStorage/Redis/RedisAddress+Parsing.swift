extension RedisAddress {
    /// The schemes of the URLs that ``init(parsing:)`` takes.
    static let schemes = ["redis", "rediss", "redis-cluster", "rediss-cluster"]

    /// How many servers of a cluster may be named.
    private static let mostEndpoints = 64

    /// Parses a `redis:`, `rediss:`, `redis-cluster:` or `rediss-cluster:` URL.
    ///
    /// - Throws: A sentence that says what to write. It quotes nothing but the scheme, for in a URL
    ///   that cannot be read, any part may turn out to be a part of the password.
    public init(parsing text: String) throws(InvalidRedisAddress) {
        guard let colon = text.firstIndex(of: ":") else {
            throw Self.invalid("redis", "has no address")
        }
        let scheme = text[..<colon].lowercased()
        guard Self.schemes.contains(scheme) else {
            throw Self.invalid("redis", "has another scheme")
        }
        isCluster = scheme.hasSuffix("-cluster")
        usesTLS = scheme.hasPrefix("rediss")
        var rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else { throw Self.invalid(scheme, "has no // before the host") }
        rest.removeFirst(2)
        guard !rest.contains("#") else {
            throw Self.invalid(scheme, "has a #; in a password, write %23")
        }
        let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] }
        rest = rest[..<(rest.firstIndex(of: "?") ?? rest.endIndex)]
        let path = rest.firstIndex(of: "/").map { rest[rest.index(after: $0)...] } ?? ""
        var hosts = rest[..<(rest.firstIndex(of: "/") ?? rest.endIndex)]
        if let at = hosts.lastIndex(of: "@") {
            (user, password) = try Self.credentials(hosts[..<at], scheme)
            hosts = hosts[hosts.index(after: at)...]
        }
        endpoints = try Self.endpoints(hosts, scheme, isCluster: isCluster)
        database = try Self.database(path, scheme)
        guard !isCluster || database == 0 else {
            throw Self.invalid(scheme, "names a database, but a cluster has only 0")
        }
        if let query { authorities = try Self.authorities(query, scheme, usesTLS: usesTLS) }
    }

    private static func credentials(
        _ text: Substring, _ scheme: String
    ) throws(InvalidRedisAddress) -> (String?, String?) {
        guard let colon = text.firstIndex(of: ":") else {
            throw invalid(scheme, "has one word before the @; write :PASSWORD@ or USER:PASSWORD@")
        }
        guard let user = decoded(text[..<colon]),
            let password = decoded(text[text.index(after: colon)...])
        else { throw invalid(scheme, "has a % in user or password that no two digits follow") }
        guard !password.isEmpty else { throw invalid(scheme, "has no password after the user") }
        return (user.isEmpty ? nil : user, password)
    }

    private static func endpoints(
        _ text: Substring, _ scheme: String, isCluster: Bool
    ) throws(InvalidRedisAddress) -> [RedisEndpoint] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard isCluster || parts.count == 1 else {
            throw invalid(scheme, "names several servers; for a cluster, write \(scheme)-cluster:")
        }
        guard parts.count <= mostEndpoints else {
            throw invalid(scheme, "names more than \(mostEndpoints) servers; a few are enough")
        }
        var endpoints: [RedisEndpoint] = []
        for part in parts { endpoints.append(try endpoint(part, scheme)) }
        return endpoints
    }

    private static func endpoint(
        _ text: Substring, _ scheme: String
    ) throws(InvalidRedisAddress) -> RedisEndpoint {
        var host = text
        var port: Substring?
        let isIPv6 = text.hasPrefix("[")
        if isIPv6 {
            guard let end = text.firstIndex(of: "]") else {
                throw invalid(scheme, "has a [ without its ]")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw invalid(scheme, "has something between ] and the port")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw invalid(scheme, "names no host") }
        guard host.utf8.allSatisfy({ isHostByte($0, isIPv6: isIPv6) }) else {
            throw invalid(scheme, "has a host that is neither a name nor an address")
        }
        guard let port else { return RedisEndpoint(host: String(host), port: standardPort) }
        guard let number = number(port), 1...65_535 ~= number else {
            throw invalid(scheme, "has a port that is not a number from 1 to 65535")
        }
        return RedisEndpoint(host: String(host), port: number)
    }

    private static func database(
        _ text: Substring, _ scheme: String
    ) throws(InvalidRedisAddress) -> Int {
        if text.isEmpty { return 0 }
        guard let number = number(text), number <= Int(Int32.max) else {
            throw invalid(scheme, "has a database after the / that is not a number")
        }
        return number
    }

    private static func authorities(
        _ query: Substring, _ scheme: String, usesTLS: Bool
    ) throws(InvalidRedisAddress) -> String {
        guard query.hasPrefix("cacert="), !query.contains("&"),
            let path = decoded(query.dropFirst("cacert=".count)), !path.isEmpty
        else { throw invalid(scheme, "has another parameter than cacert=PATH") }
        guard usesTLS else { throw invalid(scheme, "has a cacert, but no TLS; write rediss:") }
        return path
    }

    private static func isHostByte(_ byte: UInt8, isIPv6: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): !isIPv6
        case UInt8(ascii: ":"): isIPv6
        default: false
        }
    }

    /// A number of one to ten digits.
    private static func number(_ text: Substring) -> Int? {
        guard 1...10 ~= text.utf8.count,
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int(text)
    }

    /// The text with each `%XX` replaced by its byte; nil when it is malformed, is not UTF-8 then,
    /// or holds NUL.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit),
                let low = rest.popFirst().flatMap(hexDigit)
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        Character(Unicode.Scalar(byte)).hexDigitValue
    }

    private static func invalid(_ scheme: String, _ what: String) -> InvalidRedisAddress {
        let form = "[USER:PASSWORD@]HOST[:PORT]" + (scheme.hasSuffix("-cluster") ? ",..." : "[/DB]")
        return InvalidRedisAddress(
            description: "the \(scheme): URL \(what); write \(scheme)://\(form)")
    }
}
