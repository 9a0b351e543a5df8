import RepriseSimulator
import Testing

/// The second identical request gets what the first one got.
@Suite(.timeLimit(.minutes(5)))
struct HitEqualityTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let path: String
        let body: String
        let contentType: String

        var testDescription: String { "\(path) \(contentType)" }
    }

    static let json = "application/json"
    static let events = "text/event-stream; charset=utf-8"

    static let cases = [
        Case(path: "/chat/completions", body: Chat.request("a"), contentType: json),
        Case(path: "/chat/completions", body: Chat.request("a", stream: true), contentType: events),
        Case(path: "/completions", body: #"{"model":"m","prompt":"p"}"#, contentType: json),
        Case(
            path: "/completions", body: #"{"model":"m","prompt":"p","stream":true}"#,
            contentType: events),
        Case(path: "/responses", body: #"{"model":"m","input":"i"}"#, contentType: json),
        Case(
            path: "/responses", body: #"{"model":"m","input":"i","stream":true}"#,
            contentType: events),
        Case(
            path: "/embeddings", body: #"{"model":"m","input":"i","encoding_format":"base64"}"#,
            contentType: json),
        Case(path: "/moderations", body: #"{"input":"i"}"#, contentType: json),
        Case(
            path: "/audio/speech", body: #"{"model":"m","input":"i","voice":"alloy"}"#,
            contentType: "audio/mpeg"),
        Case(
            path: "/images/generations",
            body: #"{"model":"gpt-image-1","prompt":"p"}"#, contentType: json),
    ]

    @Test(arguments: cases)
    func hitIsTheMissAgain(_ example: Case) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let miss = try await proxy.post(example.body, to: "/v1" + example.path)
                #expect(miss.status == 200)
                #expect(miss.cacheStatus == "reprise; fwd=uri-miss; stored")
                #expect(miss.headers["age"].isEmpty)
                #expect(!miss.bytes.isEmpty)

                proxy.clock.advance(by: .seconds(7))
                // The fast path serves the second hit, which knows the bytes of the first.
                for _ in 0..<3 {
                    let hit = try await proxy.post(example.body, to: "/v1" + example.path)
                    #expect(hit.status == 200)
                    #expect(hit.bytes == miss.bytes)
                    #expect(hit.cacheStatus == "reprise; hit")
                    #expect(hit.field("age") == "7")
                    #expect(hit.field("content-type") == example.contentType)
                    #expect(hit.field("content-type") == miss.field("content-type"))
                    #expect(hit.field("content-length") == String(miss.bytes.count))
                }
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func binaryBodyIsReplayedByteForByte() async throws {
        let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await SimulatedUpstream.run(
            .always(.body(bytes, contentType: "audio/mpeg"))
        ) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let body = #"{"model":"m","input":"i","voice":"alloy"}"#
                let miss = try await proxy.post(body, to: "/v1/audio/speech")
                let hit = try await proxy.post(body, to: "/v1/audio/speech")
                #expect(miss.bytes == bytes)
                #expect(hit.bytes == bytes)
                #expect(hit.isHit)
            }
        }
    }

    static let replayed: HeaderList = [
        ("x-request-id", "req_1"), ("openai-version", "2020-10-01"),
        ("openai-model", "gpt-5-mini"), ("openai-organization", "org-1"),
        ("request-id", "req_2"),
    ]

    static let live: HeaderList = [
        ("x-ratelimit-remaining-requests", "59"), ("openai-processing-ms", "12"),
        ("cf-ray", "abc"), ("cf-cache-status", "DYNAMIC"), ("alt-svc", "h3=\":443\""),
        ("strict-transport-security", "max-age=1"), ("access-control-allow-origin", "*"),
        ("x-anything", "1"),
    ]

    @Test(arguments: [false, true])
    func onlyTheAllowlistOfHeadersIsReplayed(stream: Bool) async throws {
        let secret: HeaderList = [
            ("set-cookie", "__cf_bm=1"), ("keep-alive", "timeout=5"),
            ("connection", "keep-alive, X-Hop"), ("x-hop", "1"),
            ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ]
        let headers = Self.replayed + Self.live + secret
        let answer: SimulatedResponse =
            stream
            ? .eventStream(Chat.events("a", "b"), headers: headers)
            : .json(Chat.answer("a"), headers: headers)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let miss = try await proxy.ask("a", stream: stream)
                for (name, value) in Self.replayed + Self.live {
                    #expect(miss.field(name) == value, "\(name)")
                }
                for _ in 0..<2 {
                    let hit = try await proxy.ask("a", stream: stream)
                    #expect(hit.isHit)
                    for (name, value) in Self.replayed {
                        #expect(hit.field(name) == value, "\(name)")
                    }
                    for name in Self.live.map(\.name) + ["set-cookie", "keep-alive", "x-hop"] {
                        #expect(hit.headers[name].isEmpty, "\(name)")
                    }
                    let date = hit.field("date")
                    #expect(date?.hasSuffix(" GMT") == true)
                    #expect(date?.contains("1970") == false)
                }
                for name in ["set-cookie", "keep-alive", "x-hop"] {
                    #expect(miss.headers[name].isEmpty, "\(name)")
                }
            }
        }
    }

    @Test func upstreamsCacheStatusStandsInFrontOfOurs() async throws {
        let answer = SimulatedResponse.json(
            Chat.answer("a"), headers: [("cache-status", "edge; hit; ttl=3")])
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let miss = try await proxy.ask("a")
                #expect(
                    miss.headers["cache-status"]
                        == ["edge; hit; ttl=3, reprise; fwd=uri-miss; stored"])
                #expect(try await proxy.ask("a").headers["cache-status"] == ["reprise; hit"])
            }
        }
    }

    @Test func cacheableRequestGoesUpstreamWithoutWhatItsAnswerMayNotDependOn() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask(
                    "a",
                    headers: [
                        ("cookie", "__cf_bm=1"), ("if-none-match", "\"x\""), ("range", "bytes=0-1"),
                        ("accept-encoding", "gzip, br"), ("x-proxy-tags", "t"),
                        ("cache-control", "max-age=9"), ("authorization", "Bearer sk-1"),
                        ("x-stainless-lang", "python"),
                    ])
                let request = try #require(upstream.requests.first)
                for name in [
                    "cookie", "if-none-match", "range", "x-proxy-tags", "cache-control",
                ] {
                    #expect(request.header(name) == nil, "\(name)")
                }
                #expect(request.header("accept-encoding") == "identity")
                #expect(request.header("authorization") == "Bearer sk-1")
                #expect(request.header("x-stainless-lang") == "python")
                #expect(request.bodyText == Chat.request("a"))
            }
        }
    }
}
