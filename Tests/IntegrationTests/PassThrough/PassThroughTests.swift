import RepriseSimulator
import Testing

@testable import reprise

/// What is not cached goes through untouched, in both directions.
@Suite(.timeLimit(.minutes(5)))
struct PassThroughTests {
    @Test(
        arguments: [
            (.get, "/v1/models", "reprise; fwd=method"),
            (.delete, "/v1/files/f?a=1", "reprise; fwd=method"),
            (.put, "/v1/anything", "reprise; fwd=method"),
            (.post, "/v1/unknown", "reprise; fwd=bypass; detail=endpoint"),
        ] as [(Method, String, String)])
    func requestGoesThroughEachTime(
        method: Method, target: String, status: String
    ) async throws {
        let answer = SimulatedResponse.json(
            #"{"a":1}"#, status: 202, headers: [("set-cookie", "a=1"), ("x-any", "1")])
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let body = method == .put || method == .post ? #"{"b" : 2}"# : nil
                for count in 1...2 {
                    let reply = try await proxy.send(
                        method, target,
                        headers: [("cookie", "c=1"), ("accept-encoding", "gzip")], body: body)
                    #expect(reply.status == 202)
                    #expect(reply.text == #"{"a":1}"#)
                    #expect(reply.cacheStatus == status)
                    #expect(reply.field("set-cookie") == "a=1")
                    #expect(reply.field("x-any") == "1")
                    #expect(upstream.requestCount == count)
                }
                let request = try #require(upstream.requests.first)
                #expect(request.method == method.rawValue)
                #expect(request.target == target)
                #expect(request.bodyText == body ?? "")
                #expect(request.header("cookie") == "c=1")
                #expect(request.header("accept-encoding") == "gzip")
            }
        }
    }

    @Test func headRequestHasNoBody() async throws {
        try await SimulatedUpstream.run(.always(.json(#"{"a":1}"#))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(
                        "HEAD /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    await connection.readToEnd()
                    #expect(connection.text.hasPrefix("HTTP/1.1 200 "))
                    #expect(connection.text.lowercased().contains("content-length: 7\r\n"))
                    #expect(connection.text.hasSuffix("\r\n\r\n"))
                }
                #expect(upstream.requests.map(\.method) == ["HEAD"])
            }
        }
    }

    @Test func binaryUploadAndAnswerAreByteForByte() async throws {
        let upload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let answer = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        let type = "multipart/form-data; boundary=x"
        try await SimulatedUpstream.run(
            .always(.body(answer, contentType: "application/octet-stream"))
        ) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let reply = try await proxy.send(
                    .post, "/v1/audio/transcriptions", headers: [("content-type", type)],
                    bytes: upload)
                #expect(reply.bytes == answer)
                let request = try #require(upstream.requests.first)
                #expect(request.body == upload)
                #expect(request.header("content-type") == type)
            }
        }
    }

    @Test func chunkedUploadOverTheBodyLimitGoesThrough() async throws {
        let chunk = "3e8\r\n\(String(repeating: "a", count: 1_000))\r\n"
        let head =
            "POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
        try await SimulatedUpstream.run(.always(.json("{}"))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.maxBody = 10_000
            } _: { proxy in
                let reply = try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(head)
                    for _ in 0..<100 { connection.send(chunk) }
                    connection.send("0\r\n\r\n")
                    return try await connection.reply(to: .post)
                }
                #expect(reply.status == 200)
                #expect(upstream.requests.first?.body.count == 100_000)
                let refused = try await proxy.ask(String(repeating: "a", count: 10_000))
                #expect(refused.status == 413)
                #expect(refused.errorCode == "request_too_large")
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func clientThatLeavesCancelsTheCall() async throws {
        let gate = Gate("never opened")
        let answer = SimulatedResponse.json("{}").gated(by: gate)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
                    await gate.waitForArrivals()
                }
                await upstream.waitForDisconnects(1)
                #expect(upstream.disconnects.count == 1)
            }
        }
    }

    static let errors: [SimulatedResponse] = [
        .error(status: 400, message: "bad", parameter: "model", code: "x"),
        .error(status: 401, message: "key"), .error(status: 404, message: "model"),
        .rateLimited(retryAfterMilliseconds: 1500, shouldRetry: true),
        .error(
            status: 503, message: "busy",
            headers: [("retry-after", "2"), ("retry-after-ms", "1500"), ("x-should-retry", "true")]),
    ]

    @Test(arguments: errors)
    func upstreamsErrorIsPassedOnAndNeverStored(_ failure: SimulatedResponse) async throws {
        try await SimulatedUpstream.run(
            .sequence([failure, failure, .json(Chat.answer("a"))])
        ) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                guard case .head(let status, let headers, _) = failure.steps.first,
                    case .bytes(let body) = failure.steps.dropFirst().first
                else {
                    Issue.record("an error has a head and a body")
                    return
                }
                for _ in 0..<2 {
                    let reply = try await proxy.ask("a")
                    #expect(reply.status == status)
                    #expect(reply.bytes == body)
                    #expect(reply.cacheStatus == "reprise; fwd=uri-miss; detail=status")
                    for (name, value) in headers {
                        #expect(reply.field(name) == value, "\(name)")
                    }
                }
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
            }
        }
    }

    @Test(arguments: [301, 302, 307, 308])
    func redirectIsNotFollowed(status: Int) async throws {
        let redirect = SimulatedResponse.json(
            "{}", status: status, headers: [("location", "/v1/elsewhere")])
        try await SimulatedUpstream.run(.always(redirect)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                for _ in 0..<2 {
                    let reply = try await proxy.ask("a")
                    #expect(reply.status == status)
                    #expect(reply.field("location") == "/v1/elsewhere")
                }
                #expect(upstream.count(of: "/v1/elsewhere") == 0)
                #expect(upstream.requestCount == 2)
            }
        }
    }
}
