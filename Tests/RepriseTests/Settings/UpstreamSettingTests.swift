import Testing

@testable import reprise

/// Base URLs of upstreams, and their names.
struct UpstreamSettingTests {
    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1///", "https://api.openai.com/v1"),
        ("HTTPS://API.OpenAI.com/V1", "https://api.openai.com/V1"),
        ("https://api.openai.com:443/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com:80", "https://api.openai.com:80"),
        ("http://localhost", "http://localhost"), ("http://localhost:80/", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("http://127.0.0.1:9/a%20b", "http://127.0.0.1:9/a%20b"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
        ("http://llm_server:8000/v1", "http://llm_server:8000/v1"),
    ])
    func equalUpstreamsAreEqualText(text: String, normal: String) throws {
        let settings = try load(flags: ["default-upstream": [text]])
        #expect(settings.defaultUpstream.description == normal)
    }

    @Test(arguments: [
        ("nowhere", "\"nowhere\" is not a URL; write one such as https://api.openai.com/v1"),
        ("ftp://a", "\"ftp://a\" is neither http nor https; write https://HOST/PATH"),
        (
            "http://a:x",
            """
            "http://a:x" has no valid host and port; write https://HOST/PATH or \
            https://HOST:PORT/PATH
            """
        ),
        ("http://a/#f", "\"http://a/#...\" has a fragment; leave it out"),
    ])
    func messageSaysWhatIsWrongWithTheURL(text: String, message expected: String) {
        #expect(
            message(flags: ["default-upstream": [text]]) == "--default-upstream: \(expected)")
    }

    @Test func messageShowsNoCredential() {
        #expect(
            message(environment: ["REPRISE_UPSTREAM": "a=https://user:hunter2@b/"])
                == """
                REPRISE_UPSTREAM: "https://...@b/" holds a user name or a password; leave it out
                """)
        #expect(
            message(flags: ["default-upstream": ["https://b/v1?key=hunter2"]])
                == "--default-upstream: \"https://b/v1?...\" has a query; leave it out")
    }

    @Test func namedUpstreamsKeepTheirOrder() throws {
        let settings = try load(flags: [
            "upstream": ["b=https://b.example", "a-1_x=http://localhost:1/v1"]
        ])
        #expect(settings.upstreams.map(\.name) == ["b", "a-1_x"])
        #expect(
            settings.upstreams.map(\.url.description) == ["https://b.example", "http://localhost:1/v1"])
    }

    @Test(arguments: ["", "A", "a.b", "a/b", "-a", "_a", "a b", "é", "a%41"])
    func badName(name: String) {
        #expect(
            message(flags: ["upstream": ["\(name)=https://x"]]) == """
                --upstream: "\(name)" is not a name for an upstream; write lower-case letters, \
                digits, - and _, such as anthropic=https://api.anthropic.com
                """)
    }

    @Test(arguments: ["proxy", "v1", "health", "ready"])
    func routeOfTheProxyIsNoName(name: String) {
        #expect(
            message(flags: ["upstream": ["\(name)=https://x"]]) == """
                --upstream: "\(name)" is a route of the proxy itself; give the upstream another name
                """)
    }

    @Test func nameIsGivenOnce() {
        #expect(
            message(flags: ["upstream": ["a=https://x", "a=https://x"]])
                == "--upstream: \"a\" is the name of two upstreams; give each its own")
    }

    @Test func upstreamWithoutAName() {
        #expect(
            message(flags: ["upstream": ["https://x"]]) == """
                --upstream: "https://x" is not NAME=URL; write \
                anthropic=https://api.anthropic.com
                """)
    }
}
