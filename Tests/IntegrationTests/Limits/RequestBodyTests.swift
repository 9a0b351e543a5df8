import RepriseSimulator
import Testing

/// `Expect`, `Content-Encoding` and the limit of `--max-body`.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RequestBodyTests {
    @Test func expectationIsMetWhenTheBodyIsWanted() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let body = Chat.request("expected")
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(head(length: body.utf8.count))
                    await connection.read(through: "\r\n\r\n")
                    #expect(connection.responses.map(\.status) == [100])
                    #expect(upstream.requestCount == 0)
                    connection.send(body)
                    await connection.readToEnd()
                    #expect(connection.responses.map(\.status) == [100, 200])
                }
                #expect(upstream.requests.first?.bodyText == body)
                #expect(upstream.requests.first?.header("expect") == nil)
                #expect(try await proxy.ask("expected").isHit)
            }
        }
    }

    @Test func bodyOverTheLimitIsRefusedBeforeItIsSent() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--max-body", "1KB"]
            ) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(head(length: 1001))
                    await connection.readToEnd()
                    let responses = connection.responses
                    #expect(responses.map(\.status) == [413])
                    #expect(responses.first?.field("connection") == "close")
                    #expect(
                        ProxyErrorBody(responses.first?.text ?? "")?.code == "request_too_large")
                }
                #expect(upstream.requestCount == 0)
            }
        }
    }

    @Test func chunkedBodyOverTheLimitIsRefused() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin,
                ["--max-body", "1KB", "--client-idle-timeout", "2s"]
            ) { proxy in
                let chunk = "200\r\n\(String(repeating: " ", count: 512))\r\n"
                let responses = try await WireConnection.exchange(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
                        + "Content-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)\(chunk)",
                    port: proxy.port)
                #expect(responses.map(\.status) == [413])
                #expect(responses.first?.field("connection") == "close")
                #expect(upstream.requestCount == 0)
            }
        }
    }

    @Test func uploadThatIsNotCachedMayBeLonger() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--max-body", "1KB"]
            ) { proxy in
                let body = String(repeating: "a", count: 100_000)
                let answer = try await proxy.send(
                    .post, "/v1/files", headers: [("content-type", "multipart/form-data")],
                    body: body)
                #expect(answer.status == 200)
                #expect(upstream.requests.first?.bodyText == body)
            }
        }
    }

    @Test func encodedBodyPassesThroughUncached() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                // Nobody on the way looks into it, so it need not be gzip in truth.
                let body = Chat.request("encoded")
                for _ in 0..<2 {
                    let answer = try await proxy.send(
                        .post, "/v1/chat/completions", headers: [("content-encoding", "gzip")],
                        body: body)
                    #expect(answer.status == 200)
                    #expect(answer.cacheStatus == "reprise; fwd=bypass; detail=content-encoding")
                }
                #expect(
                    upstream.requests.map { $0.header("content-encoding") } == ["gzip", "gzip"])
                #expect(upstream.requests.map(\.bodyText) == [body, body])
            }
        }
    }

    /// The head of a request whose client waits before it sends the body.
    private func head(length: Int) -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nExpect: 100-continue\r\n"
            + "Content-Length: \(length)\r\n\r\n"
    }
}
