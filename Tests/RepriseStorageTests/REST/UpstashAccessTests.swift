import RepriseStorage
import Testing

struct UpstashAccessTests {
    private static let environment = [
        "UPSTASH_REDIS_REST_URL": "https://eu1-some-cat-1.upstash.io/",
        "UPSTASH_REDIS_REST_TOKEN": "AX-secret==",
    ]

    private func parse(_ text: String, _ changes: [String: String?] = [:]) throws -> UpstashAccess {
        var environment = Self.environment
        for (name, value) in changes { environment[name] = value }
        return try UpstashAccess(parsing: text, environment: environment)
    }

    @Test func environmentNamesTheDatabase() throws {
        let access = try parse("")
        #expect(access.description == "upstash: https://eu1-some-cat-1.upstash.io")
    }

    @Test func tokenIsNeverShown() throws {
        let url = try parse("")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(!text.contains("AX-secret"))
        }
    }

    @Test(arguments: [
        "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN",
    ])
    func missingVariableIsNamed(variable: String) {
        for value in [nil, ""] as [String?] {
            let error = #expect(throws: InvalidStoreAccess.self) {
                try parse("", [variable: value])
            }
            #expect(error?.description.hasPrefix("\(variable) is not set") == true)
        }
    }

    @Test(arguments: [
        "eu1.upstash.io", "ftp://host", "https://", "https://user:AX-secret@host", "https:///path",
        "https://host/?_token=AX-secret", "https://host/#AX-secret", "rediss://default:AX-secret@h",
        "\"https://host\"", "https://ho st",
    ])
    func malformedAddressIsNotQuoted(address: String) {
        let error = #expect(throws: InvalidStoreAccess.self) {
            try parse("", ["UPSTASH_REDIS_REST_URL": address])
        }
        #expect(error?.description.contains("https://NAME.upstash.io") == true)
        #expect(error?.description.contains("AX-secret") == false)
    }

    @Test(arguments: ["AX secret", "AX-secret\n", "\"AX-secret\"", "AX-sécret", "AX\r\nX: y"])
    func malformedTokenIsNotQuoted(token: String) {
        let error = #expect(throws: InvalidStoreAccess.self) {
            try parse("", ["UPSTASH_REDIS_REST_TOKEN": token])
        }
        #expect(error?.description.hasPrefix("UPSTASH_REDIS_REST_TOKEN holds") == true)
        #expect(error?.description.contains("AX") == false)
    }

    @Test func nothingFollowsTheColon() {
        #expect(throws: InvalidStoreAccess.self) { try parse("//host") }
    }
}
