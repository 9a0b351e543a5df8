import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// A request as bytes, and what cannot be one.
struct SerializedRequestTests {
    private func origin(_ baseURL: String = "http://a.example/v1") throws -> UpstreamOrigin {
        try #require(UpstreamOrigin(baseURL: baseURL))
    }

    private func request(
        _ method: String = "POST", _ path: String = "/chat", query: String? = nil,
        headers: [(String, String)] = [("accept", "*/*")], body: UpstreamRequest.Body = .none
    ) -> UpstreamRequest {
        UpstreamRequest(
            upstream: 0, method: Array(method.utf8), path: Array(path.utf8),
            query: query.map { Array($0.utf8) },
            headers: .fields(
                headers.map { HeaderField(name: Array($0.utf8), value: Array($1.utf8)) }),
            body: body)
    }

    @Test func shortBodyStandsBehindTheHead() throws {
        let message = try SerializedRequest(
            request(query: "a=%20|b", body: .bytes(ByteBuffer(string: "{}"))), to: origin())
        #expect(
            String(buffer: message.bytes) == """
                POST /v1/chat?a=%20|b HTTP/1.1\r
                host: a.example\r
                accept: */*\r
                content-length: 2\r
                \r
                {}
                """)
        #expect(message.longBody == nil)
        #expect(!message.isHead)
    }

    @Test func longBodyIsNotCopied() throws {
        let body = ByteBuffer(repeating: 0x61, count: 100_000)
        let message = try SerializedRequest(request(body: .bytes(body)), to: origin())
        #expect(String(buffer: message.bytes).hasSuffix("content-length: 100000\r\n\r\n"))
        #expect(message.longBody == body)
    }

    @Test(arguments: [
        ("GET", "accept: */*\r\n\r\n"), ("HEAD", "accept: */*\r\n\r\n"),
        ("DELETE", "accept: */*\r\n\r\n"), ("POST", "content-length: 0\r\n\r\n"),
        ("PUT", "content-length: 0\r\n\r\n"),
    ])
    func requestWithoutABodySaysSoWhereOneIsExpected(method: String, end: String) throws {
        let message = try SerializedRequest(request(method), to: origin())
        #expect(String(buffer: message.bytes).hasSuffix(end))
        #expect(message.isHead == (method == "HEAD"))
    }

    @Test func bodyThatIsStillComingHasItsLengthOrIsChunked() throws {
        let stream = AsyncThrowingStream<ByteBuffer, any Error> { $0.finish() }
        for (length, end) in [
            (7, "content-length: 7\r\n\r\n"), (nil, "transfer-encoding: chunked\r\n\r\n"),
        ] as [(Int64?, String)] {
            let message = try SerializedRequest(
                request(body: .stream(stream, length: length)), to: origin())
            #expect(String(buffer: message.bytes).hasSuffix(end))
            #expect(message.upload?.length == length)
        }
    }

    @Test(arguments: [
        ("http://a", "", "/"), ("http://a/", "", "/"), ("http://a/v1", "", "/v1"),
        ("http://a", "/x", "/x"), ("http://a/v1/", "//x", "/v1//x"),
        ("http://a", "/%2e%2E/é".filter(\.isASCII), "/%2e%2E/"),
    ])
    func targetIsTheBasePathAndThePathAsTheyAre(
        base: String, path: String, target: String
    ) throws {
        let message = try SerializedRequest(request("GET", path), to: origin(base))
        #expect(String(buffer: message.bytes).hasPrefix("GET \(target) HTTP/1.1\r\nhost: a\r\n"))
    }

    @Test(
        arguments: [
            ("GE T", "/", nil, []), ("", "/", nil, []), ("GET\r\n", "/", nil, []),
            ("CONNECT", "/", nil, []),
            ("GET", "/a b", nil, []), ("GET", "/\r\nX: y", nil, []), ("GET", "/a#b", nil, []),
            ("GET", "/é", nil, []), ("GET", "/a?b", nil, []), ("GET", "a", nil, []),
            ("GET", "/\u{0}", nil, []), ("GET", "/", "a b", []), ("GET", "/", "a\nb", []),
            ("GET", "/", "a#b", []),
            ("GET", "/", nil, [("a b", "c")]), ("GET", "/", nil, [("", "c")]),
            ("GET", "/", nil, [("a:", "c")]), ("GET", "/", nil, [("a\r\nb", "c")]),
            ("GET", "/", nil, [("a", "b\r\nc: d")]), ("GET", "/", nil, [("a", "b\nc")]),
            ("GET", "/", nil, [("a", "b\u{0}")]), ("GET", "/", nil, [("a", "\u{7F}")]),
            ("GET", "/", nil, [("Host", "b")]), ("GET", "/", nil, [("content-length", "1")]),
            ("GET", "/", nil, [("Transfer-Encoding", "chunked")]),
        ] as [(String, String, String?, [(String, String)])])
    func whatCouldBeReadAsAnotherRequestIsRefused(
        method: String, path: String, query: String?, headers: [(String, String)]
    ) throws {
        let origin = try origin()
        let request = request(method, path, query: query, headers: headers)
        #expect {
            _ = try SerializedRequest(request, to: origin)
        } throws: { error in
            if case UpstreamError.unsendable = error { true } else { false }
        }
    }

    @Test func allTokenBytesMayStandInANameAndNoOthers() {
        let token = Set(
            "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(byte.mayStandInToken == token.contains(byte), "\(byte)")
        }
    }

    @Test(arguments: [
        ("https://api.openai.com/v1", "api.openai.com", 443, "/v1", "api.openai.com"),
        ("http://a:8080", "a", 8080, "", "a:8080"), ("http://a/b/c/", "a", 80, "/b/c", "a"),
        ("http://[::1]:9/x", "::1", 9, "/x", "[::1]:9"), ("https://[::1]", "::1", 443, "", "[::1]"),
    ])
    func originIsReadFromItsURL(
        url: String, host: String, port: Int, path: String, field: String
    ) throws {
        let origin = try origin(url)
        #expect(origin.isSecure == url.hasPrefix("https"))
        #expect(origin.host == host)
        #expect(origin.port == port)
        #expect(origin.basePath == Array(path.utf8))
        #expect(origin.afterTarget == Array(" HTTP/1.1\r\nhost: \(field)\r\n".utf8))
        #expect((origin.address != nil) == host.contains(":"))
    }

    @Test(arguments: [
        "", "a", "ftp://a", "http://", "http://a:0", "http://a:65536", "http://a:b", "http://a b",
        "http://a?b", "http://a#b", "http://b@a", "http://a\r\nb", "http://[::1", "http://[::1]x",
    ])
    func whatIsNoBaseURLIsRefused(url: String) {
        #expect(UpstreamOrigin(baseURL: url) == nil)
    }
}
