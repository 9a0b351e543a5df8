import Testing

@testable import reprise

/// What is allowed and yet probably not meant.
struct SettingsAdviceTests {
    @Test func ordinarySettingsNeedNoAdvice() throws {
        #expect(try warnings().isEmpty)
        for url in ["https://api.openai.com/v1/", "http://localhost:8000", "https://api.deepseek.com"] {
            #expect(try warnings(flags: ["default-upstream": [url]]).isEmpty)
        }
    }

    @Test(arguments: [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://API.openai.com/", "https://api.openai.com/v1"),
        ("https://openrouter.ai", "https://openrouter.ai/api/v1"),
    ])
    func forgottenPathIsNamed(url: String, meant: String) throws {
        let lines = try warnings(flags: ["default-upstream": [url]])
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("--default-upstream: ") == true)
        #expect(lines.first?.hasSuffix("has no path; most likely \(meant) is meant") == true)
    }

    @Test(arguments: [
        ("http://x/v1/chat/completions", "http://x/v1"), ("http://x/v1/responses/", "http://x/v1"),
        ("http://x/v1/completions", "http://x/v1"), ("http://x/messages", "http://x"),
    ])
    func endpointIsNoBase(url: String, base: String) throws {
        let lines = try warnings(
            flags: ["default-upstream": [url]], environment: ["REPRISE_UPSTREAM": "a=\(url)"])
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.hasSuffix("most likely \(base) is meant") })
        #expect(lines.last?.hasPrefix("REPRISE_UPSTREAM: ") == true)
    }

    @Test(arguments: ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "a.localhost:1"])
    func loopbackIsSafe(address: String) throws {
        #expect(try warnings(flags: ["listen": [address]]).isEmpty)
    }

    @Test(arguments: ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.example.com:1", "proxy:1"])
    func listeningToOtherMachinesIsSaid(address: String) throws {
        let lines = try warnings(flags: ["listen": [address]])
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("--listen: \(address) can be reached") == true)
    }
}
