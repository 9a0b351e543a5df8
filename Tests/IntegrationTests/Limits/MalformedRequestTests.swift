import RepriseSimulator
import Testing

/// Bytes that are no request, or two readings of one: refused, the connection closed, nothing sent
/// upstream.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct MalformedRequestTests {
    /// A request that must be refused.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: String
        var status = 400
        var code = "malformed_request"

        var testDescription: String { name }

        /// A POST with such fields and bytes behind the head.
        static func post(_ name: String, fields: String, body: String = "") -> Case {
            Case(
                name: name,
                bytes: "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
                    + "Content-Type: application/json\r\n\(fields)\r\n\(body)")
        }

        /// The same request, where it is the body that breaks off.
        var inItsBody: Case {
            var copy = self
            copy.code = "incomplete_request"
            return copy
        }

        /// The same request, where it is a transfer coding that is not known.
        var notSupported: Case {
            var copy = self
            copy.status = 501
            copy.code = "transfer_coding_not_supported"
            return copy
        }

        static func tooLarge(_ name: String, bytes: String) -> Case {
            Case(name: name, bytes: bytes, status: 431, code: "head_too_large")
        }
    }

    private static let smuggled = "GET /v1/models HTTP/1.1\r\nHost: b\r\n\r\n"

    static let cases: [Case] = [
        .tooLarge(
            "field over 64 KiB",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\nX-Long: "
                + String(repeating: "a", count: 65 << 10) + "\r\n\r\n"),
        .tooLarge(
            "fields over 64 KiB together",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\n"
                + (0..<70).map { "X-\($0): \(String(repeating: "a", count: 1000))\r\n" }.joined()
                + "\r\n"),
        .tooLarge(
            "257 fields",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\n"
                + (0..<256).map { "X-\($0): a\r\n" }.joined() + "\r\n"),
        Case(name: "no HTTP", bytes: "hello, are you there?\r\n\r\n"),
        Case(name: "TLS", bytes: "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n"),
        Case(name: "method with a space before", bytes: " GET /health HTTP/1.1\r\n\r\n"),
        Case(name: "unknown version", bytes: "GET /health HTTP/9.9\r\nHost: a\r\n\r\n"),
        Case(
            name: "field name with a space",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
        Case(
            name: "space before the colon",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\nX-Y : b\r\n\r\n"),
        Case(
            name: "NUL in a value",
            bytes: "GET /health HTTP/1.1\r\nHost: a\r\nX-Y: a\u{0}b\r\n\r\n"),
        .post(
            "Content-Length and chunked",
            fields: "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            body: "0\r\n\r\n\(smuggled)"),
        .post(
            "chunked and Content-Length",
            fields: "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            body: "0\r\n\r\n\(smuggled)"),
        .post(
            "two different lengths", fields: "Content-Length: 2\r\nContent-Length: 60\r\n",
            body: "{}\(smuggled)"),
        .post(
            "the same length twice", fields: "Content-Length: 2\r\nContent-Length: 2\r\n",
            body: "{}"),
        .post("a list of lengths", fields: "Content-Length: 2, 2\r\n", body: "{}"),
        .post("a negative length", fields: "Content-Length: -2\r\n", body: "{}"),
        .post("a length with a sign", fields: "Content-Length: +2\r\n", body: "{}"),
        .post("a hexadecimal length", fields: "Content-Length: 0x2\r\n", body: "{}"),
        .post("a length out of range", fields: "Content-Length: 99999999999999999999\r\n"),
        .post(
            "a chunk size that is no number", fields: "Transfer-Encoding: chunked\r\n",
            body: "z\r\n"
        ).inItsBody,
        .post(
            "a chunk size out of range", fields: "Transfer-Encoding: chunked\r\n",
            body: "fffffffffffffffff\r\n{}"
        ).inItsBody,
        .post(
            "a chunk size with a sign", fields: "Transfer-Encoding: chunked\r\n",
            body: "-2\r\n{}\r\n0\r\n\r\n"
        ).inItsBody,
        .post(
            "chunked not last", fields: "Transfer-Encoding: chunked, identity\r\n",
            body: "0\r\n\r\n\(smuggled)"),
        .post(
            "an unknown transfer coding", fields: "Transfer-Encoding: xchunked\r\n",
            body: "0\r\n\r\n\(smuggled)"
        ).notSupported,
        .post(
            "a transfer coding before chunked", fields: "Transfer-Encoding: gzip, chunked\r\n",
            body: "0\r\n\r\n\(smuggled)"
        ).notSupported,
        Case(name: "no Host", bytes: "GET /health HTTP/1.1\r\n\r\n"),
        Case(name: "two Hosts", bytes: "GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ]

    @Test(arguments: cases)
    func malformedRequestIsRefusedAndTheConnectionClosed(_ refused: Case) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let responses = try await WireConnection.exchange(refused.bytes, port: proxy.port)
                #expect(responses.count == 1, "\(responses)")
                let response = try #require(responses.first)
                #expect(response.status == refused.status)
                #expect(response.field("connection") == "close")
                #expect(response.field("content-type") == "application/json")
                #expect(ProxyErrorBody(response.text)?.code == refused.code)
                #expect(upstream.requestCount == 0)
                #expect(try await proxy.send(.get, "/health").status == 200)
            }
        }
    }

    /// RFC 9112 §5.2: a folded line is refused, or read as one line.
    @Test func foldedFieldNeverBecomesTwo() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let responses = try await WireConnection.exchange(
                    "GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "X-Folded: one\r\n X-Proxy-TTL: 0\r\n\r\n", port: proxy.port)
                #expect(responses.count == 1)
                if responses.first?.status == 400 {
                    #expect(upstream.requestCount == 0)
                } else {
                    #expect(upstream.requests.first?.header("x-folded") == "one X-Proxy-TTL: 0")
                }
            }
        }
    }

    @Test func headJustBelowTheLimitsPasses() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let many = (0..<250).map { "X-\($0): a\r\n" }.joined()
                let long = "X-Long: \(String(repeating: "a", count: 60_000))\r\n"
                for fields in [many, long] {
                    let responses = try await WireConnection.exchange(
                        WireConnection.chatRequest(
                            "hello", fields: "Connection: close\r\n\(fields)"),
                        port: proxy.port)
                    #expect(responses.map(\.status) == [200])
                }
            }
        }
    }

    /// What follows a request with a body is the next request, and never part of the body, or the
    /// other way round.
    @Test func bodyThatLooksLikeARequestIsABody() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let smuggled = "DELETE /v1/files/file-1 HTTP/1.1\r\nHost: b\r\n\r\n"
                let responses = try await WireConnection.exchange(
                    "POST /v1/unknown HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "Content-Type: text/plain\r\n"
                        + "Content-Length: \(smuggled.utf8.count)\r\n\r\n\(smuggled)",
                    port: proxy.port)
                #expect(responses.count == 1)
                #expect(upstream.requests.map(\.method) == ["POST"])
                #expect(upstream.requests.first?.bodyText == smuggled)
            }
        }
    }
}
