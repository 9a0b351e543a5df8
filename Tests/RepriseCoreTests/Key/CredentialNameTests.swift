import RepriseCore
import Testing

/// Which headers hold credentials.
struct CredentialNameTests {
    @Test(arguments: [
        ("authorization", true), ("api-key", true), ("x-api-key", true), ("x-goog-api-key", true),
        ("proxy-authorization", true), ("cf-aig-authorization", true), ("x-authorization", true),
        ("ocp-apim-subscription-key", true), ("x-portkey-api-key", true), ("apikey", true),
        ("x-apikey", true), ("x-auth-token", true), ("x-amz-security-token", true),
        ("helicone-auth", true), ("x-litellm-key", true), ("x-client-secret", true),
        ("-key", true), ("idempotency-key", false), ("x-idempotency-key", false),
        ("", false), ("y", false), ("key", false), ("monkey", false), ("token", false),
        ("x-keys", false), ("x-api-key-id", false), ("authorization2", false), ("author", false),
        ("user-agent", false), ("accept", false), ("content-type", false), ("host", false),
        ("content-length", false), ("connection", false), ("x-client-request-id", false),
        ("anthropic-version", false), ("openai-organization", false), ("x-stainless-arch", false),
        ("uthorization", false), ("x_token", false), ("secret", false), ("auth", false),
    ])
    func credentialIsKnownByTheEndOfItsName(_ name: String, _ isCredential: Bool) {
        for spelling in [name, name.uppercased(), name.prefix(1).uppercased() + name.dropFirst()] {
            let bytes = Array(spelling.utf8)
            let answer = KeyMaterial.isCredential(bytes.span)
            #expect(answer == isCredential, "\(spelling)")
        }
    }

    @Test func onlyLettersAreFolded() {
        // Each byte differs from the letter in the bit that tells upper case from lower case.
        let almost: [[UInt8]] = [
            Array("x\rkey".utf8), Array("X\rKEY".utf8), [0x0D] + Array("auth".utf8),
        ]
        for name in almost {
            let answer = KeyMaterial.isCredential(name.span)
            #expect(!answer)
        }
    }
}
