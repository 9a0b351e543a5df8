import RepriseCore
import Testing

@testable import RepriseServer

/// What the hit path makes of a header field's name.
struct FieldKindTests {
    @Test func everyCredentialIsKeyedOrLeftToTheFullPath() {
        let endings = [
            "authorization", "-key", "apikey", "-token", "-auth", "-secret", "idempotency-key",
            "", "-id", "s", "authorizatio", "key", "token", "-keys", "-Keyed",
        ]
        let beginnings = [
            "", "x", "x-", "x-api", "api", "x-goog-api", "cf-aig-", "helicone", "x-portkey-api",
            "ocp-apim-subscription", "openai", "idempotency", "x-idempotency-", "proxy-",
            "a-name-of-thirty-bytes-or-more",
        ]
        var credentials = 0
        for name in beginnings.flatMap({ beginning in endings.map { beginning + $0 } }) {
            for spelling in [name, name.uppercased()] where !spelling.isEmpty {
                let isCredential = Self.isCredential(spelling)
                credentials += isCredential ? 1 : 0
                let kind = Self.kind(of: spelling)
                if case .keyed(let number) = kind {
                    #expect("\(FieldKind.keyedNames[Int(number)])" == name.lowercased())
                } else {
                    #expect(kind == (isCredential ? .special : .indifferent), "\(spelling)")
                }
            }
        }
        #expect(credentials > 100)
    }

    @Test func everyKeyedNameIsKeyedByItsNumber() {
        for (number, name) in FieldKind.keyedNames.enumerated() {
            for spelling in ["\(name)", "\(name)".uppercased()] {
                #expect(Self.kind(of: spelling) == .keyed(UInt32(number)))
            }
        }
    }

    // The name stands inside a larger text, as in a head.
    private static func kind(of name: String) -> FieldKind {
        let line = Array("x: y\r\n\(name): z\r\n".utf8)
        return FieldKind(line.span.extracting(6..<6 + name.utf8.count))
    }

    private static func isCredential(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return KeyMaterial.isCredential(bytes.span)
    }
}
