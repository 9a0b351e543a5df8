import HTTPTypes
import NIOHTTP1

/// What the scanner must have seen in a head, worked out from what the full parser saw: written
/// apart from the scanner, from the format's description alone.
enum KeyedBytesOracle {
    /// The names of keyed fields, each at its number.
    static let keyedNames = [
        "content-type", "accept", "authorization", "api-key", "x-api-key", "x-goog-api-key",
        "openai-organization", "openai-project", "openai-beta", "anthropic-version",
        "anthropic-beta",
    ]
    /// The names of fields that a plain request does not have.
    static let specialNames: Set = [
        "te", "expect", "upgrade", "trailer", "http2-settings", "content-encoding",
        "proxy-connection", "transfer-encoding",
    ]
    /// How the names of credentials end that are in the key without being keyed here.
    static let credentialEndings = [
        "authorization", "-key", "apikey", "-token", "-auth", "-secret",
    ]

    /// The keyed bytes of a request.
    static func keyedBytes(of request: HTTPRequest) -> [UInt8] {
        var keyed: [UInt8] = [0xF0]
        append(Array((request.path ?? "").utf8), to: &keyed)
        for field in request.headerFields {
            let name = field.name.canonicalName
            let value = trimmed(field.withUnsafeBytesOfValue { Array($0) })
            if let number = keyedNames.firstIndex(of: name) {
                keyed.append(UInt8(number))
                append(value, to: &keyed)
            } else if name == "cache-control" || name.hasPrefix("x-proxy-") {
                keyed.append(0xF1)
                append(Array(field.name.rawName.utf8), to: &keyed)
                append(value, to: &keyed)
            }
        }
        keyed.append(0xFF)
        return keyed
    }

    /// What a head has that a plain one may not; nil: nothing.
    static func objection(to head: HTTPRequestHead, bodyLength: Int) -> String? {
        guard head.version == .http1_1 else { return "version \(head.version)" }
        guard head.isKeepAlive else { return "the connection is to be closed" }
        guard head.headers["host"].count == 1 else { return "not one Host" }
        for name in keyedNames {
            let count = head.headers.filter { $0.name.lowercased() == name }.count
            if count > 1 { return "\(name) is repeated" }
        }
        for name in head.headers.map({ $0.name.lowercased() }) {
            let isKeyed = keyedNames.contains(name) || name.hasPrefix("x-proxy-")
            let isCredential =
                !name.hasSuffix("idempotency-key")
                && credentialEndings.contains(where: name.hasSuffix)
            if specialNames.contains(name) || isCredential && !isKeyed { return "it has \(name)" }
        }
        let lengths = head.headers.filter { $0.name.lowercased() == "content-length" }
        switch lengths.count {
        case 0: return bodyLength == 0 ? nil : "a body without a length"
        case 1:
            let isSame = trimmed(Array(lengths[0].value.utf8)) == Array(String(bodyLength).utf8)
            return isSame ? nil : "Content-Length is \(lengths[0].value)"
        default: return "Content-Length is repeated"
        }
    }

    private static func append(_ part: [UInt8], to keyed: inout [UInt8]) {
        keyed += [
            UInt8(part.count / 65536), UInt8(part.count / 256 % 256), UInt8(part.count % 256),
        ]
        keyed += part
    }

    private static func trimmed(_ value: [UInt8]) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        return Array(value.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
