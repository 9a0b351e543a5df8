import RepriseSimulator
import Testing

@testable import reprise

/// Which differences between two requests matter.
@Suite(.timeLimit(.minutes(5)))
struct KeyTests {
    static let original =
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":1,"seed":null}"#

    @Test(arguments: [
        #"{"temperature":1,"seed":null,"messages":[{"content":"é/1","role":"user"}],"model":"m"}"#,
        " {\n\t\"model\" : \"m\", \"messages\": [ {\"role\":\"user\",\"content\":\"é/1\"} ],\r\n"
            + "\"temperature\": 1, \"seed\" : null } ",
        #"{"mod\u0065l":"m","messages":[{"role":"user","content":"\u00e9\/1"}],"temperature":1,"#
            + #""seed":null}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":10e-1,"seed":null}"#,
    ])
    func spellingMakesNoDifference(body: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let miss = try await proxy.post(Self.original)
                let hit = try await proxy.post(body)
                #expect(hit.isHit)
                #expect(hit.bytes == miss.bytes)
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test(arguments: [
        #"{"model":"m","messages":[{"role":"user","content":"é/2"}],"temperature":1,"seed":null}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":0,"seed":null}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":"1","seed":null}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":1}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":1,"seed":0}"#,
        #"{"model":"m","messages":[{"role":"user","content":"é/1"}],"temperature":1,"seed":false}"#,
        #"{"model":"m","messages":[{"role":"user","content":"e\#u{301}/1"}],"temperature":1,"#
            + #""seed":null}"#,
    ])
    func valueMakesADifference(body: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let first = try await proxy.post(Self.original)
                let second = try await proxy.post(body)
                #expect(first.cacheStatus == "reprise; fwd=uri-miss; stored")
                #expect(second.cacheStatus == "reprise; fwd=uri-miss; stored")
                #expect(try await proxy.post(Self.original).bytes == first.bytes)
                #expect(try await proxy.post(body).bytes == second.bytes)
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test(arguments: [
        "authorization", "api-key", "x-api-key", "x-goog-api-key", "openai-organization",
        "openai-project", "openai-beta", "anthropic-version", "anthropic-beta",
        "x-proxy-namespace",
    ])
    func keyedHeaderMakesADifference(name: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let scopes: [[(String, String)]] = [[], [(name, "one")], [(name, "two")]]
                var replies: [Reply] = []
                for headers in scopes {
                    let reply = try await proxy.ask("a", headers: headers)
                    #expect(reply.cacheStatus == "reprise; fwd=uri-miss; stored")
                    replies.append(reply)
                }
                // Twice, so that the fast path, which learns from the first, is asked too.
                for _ in 0..<2 {
                    for (headers, reply) in zip(scopes, replies) {
                        let hit = try await proxy.ask("a", headers: headers)
                        #expect(hit.isHit)
                        #expect(hit.bytes == reply.bytes)
                    }
                }
                #expect(upstream.requestCount == 3)
            }
        }
    }

    @Test(arguments: [
        "user-agent", "x-stainless-retry-count", "idempotency-key", "traceparent", "cookie",
        "x-request-id",
    ])
    func otherHeadersMakeNoDifference(name: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask("a", headers: [(name, "one")])
                #expect(try await proxy.ask("a", headers: [(name, "two")]).isHit)
                #expect(try await proxy.ask("a").isHit)
            }
        }
    }

    @Test func credentialsMayBeSharedByASetting() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.sharesAcrossCredentials = true
            } _: { proxy in
                _ = try await proxy.ask("a", headers: [("authorization", "Bearer 1")])
                let hit = try await proxy.ask("a", headers: [("authorization", "Bearer 2")])
                #expect(hit.isHit)
            }
        }
    }

    struct Bypass: CustomTestStringConvertible, Sendable {
        let detail: String
        let body: String
        var type = "application/json"
        var path = "/v1/chat/completions"

        var testDescription: String { detail }
    }

    static let bypasses = [
        Bypass(detail: "invalid-json", body: #"{"model":"m",}"#),
        Bypass(detail: "invalid-json", body: ""),
        Bypass(detail: "duplicate-name", body: #"{"model":"m","a":1,"\u0061":1}"#),
        Bypass(detail: "lone-surrogate", body: #"{"model":"m","a":"\ud800"}"#),
        Bypass(
            detail: "too-deep",
            body: #"{"model":"m","a":"# + String(repeating: "[", count: 128)
                + String(repeating: "]", count: 128) + "}"),
        Bypass(detail: "not-an-object", body: "[1]"),
        Bypass(detail: "background", body: #"{"background":true}"#, path: "/v1/responses"),
        Bypass(detail: "conversation", body: #"{"conversation":"c"}"#, path: "/v1/responses"),
        Bypass(
            detail: "hosted-tool", body: #"{"model":"m","tools":[{"type":"web_search_preview"}]}"#,
            path: "/v1/responses"),
        Bypass(detail: "stored", body: #"{"model":"m","messages":[],"store":true}"#),
        Bypass(detail: "media-type", body: Chat.request("a"), type: "text/plain"),
        Bypass(
            detail: "charset", body: Chat.request("a"), type: "application/json; charset=utf-16"),
        Bypass(detail: "endpoint", body: Chat.request("a"), path: "/v1/chat/completions/abc"),
        Bypass(detail: "endpoint", body: Chat.request("a"), path: "/v1/batches"),
    ]

    @Test(arguments: bypasses)
    func doubtfulRequestIsForwardedAsItIsAndNeverCached(_ example: Bypass) async throws {
        let answer = Chat.answer("a")
        try await SimulatedUpstream.run(.always(.json(answer))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                for _ in 0..<2 {
                    let reply = try await proxy.post(
                        example.body, to: example.path, headers: [("content-type", example.type)])
                    #expect(reply.status == 200)
                    #expect(reply.text == answer)
                    #expect(
                        reply.cacheStatus == "reprise; fwd=bypass; detail=\(example.detail)")
                }
                #expect(upstream.requests.map(\.bodyText) == [example.body, example.body])
            }
        }
    }
}
