import RepriseCore
import Testing

/// Base URLs of upstreams, as native server and Worker read them.
struct BaseURLTests {
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
        let url = try BaseURL(parsing: Array(text.utf8))
        #expect(String(decoding: url.text, as: UTF8.self) == normal)
        #expect(BaseURL.normalised(Array(text.utf8)) == Array(normal.utf8))
        #expect(try BaseURL(parsing: url.text) == url)
    }

    @Test func urlIsTakenApart() throws {
        let url = try BaseURL(parsing: Array("http://[::1]/v1".utf8))
        #expect(url.host == Array("::1".utf8))
        #expect(url.port == 80)
        #expect(url.path == Array("/v1".utf8))
        #expect(!url.isSecure)
        #expect(try BaseURL(parsing: Array("https://a".utf8)).port == 443)
        #expect(try BaseURL(parsing: Array("https://a:00444".utf8)).port == 444)
    }

    @Test(arguments: [
        ("", BaseURL.Flaw.malformed), ("api.openai.com", .malformed),
        ("https:/api.openai.com", .malformed), ("http://a/b c", .malformed),
        ("http://a/\n", .malformed), ("http://é", .malformed), ("http://a\\b", .malformed),
        ("http://a/{x}", .malformed), ("ftp://a", .scheme), ("://a", .scheme), ("http://", .host),
        ("http:///v1", .host), ("http://:80", .host), ("http://a:0", .host),
        ("http://a:65536", .host), ("http://a:b", .host), ("http://a:", .host),
        ("http://::1", .host), ("http://[::1", .host), ("http://[::g]", .host),
        ("http://1.2.3", .host), ("http://a%41", .host), ("http://u@a", .userInformation),
        ("http://u:p@a/v1", .userInformation), ("http://a/v1?k=1", .query), ("http://a?", .query),
        ("http://a/#f", .fragment), ("http://a#?", .fragment),
    ])
    func badURL(text: String, flaw: BaseURL.Flaw) {
        #expect(throws: flaw) { try BaseURL(parsing: Array(text.utf8)) }
        #expect(BaseURL.normalised(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "fe80::ABCD:1",
        "::ffff:192.0.2.1", "1:2:3:4:5:6:192.0.2.255", "0000::0",
    ])
    func goodIPv6Address(text: String) throws {
        let authority = try #require(Authority(parsing: Array("[\(text)]:0".utf8)))
        #expect(authority.host == Array(text.lowercased().utf8))
        #expect(authority.port == 0)
        #expect(authority.text == Array("[\(text.lowercased())]:0".utf8))
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
        "::g", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "::192.0.2", "::192.0.2.256", "192.0.2.1::",
        "::192.0.2.01", "fe80::1%eth0", "1:2:3:4:5:6:7:192.0.2.1", "::1:", "1::2:",
    ])
    func badIPv6Address(text: String) {
        #expect(Authority(parsing: Array("[\(text)]:80".utf8)) == nil)
    }

    @Test(arguments: [0, 1, 9, 10, 80, 443, 9_999, 10_000, 65_535])
    func portIsWrittenInDecimal(port: UInt16) {
        let authority = Authority(host: Array("a".utf8), port: port)
        #expect(String(decoding: authority.text, as: UTF8.self) == "a:\(port)")
    }
}
