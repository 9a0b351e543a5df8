import RepriseCore
import RepriseSimulator
import Testing

@testable import reprise

/// Where each route of the proxy listener leads.
@Suite(.timeLimit(.minutes(5)))
struct RouteTests {
    @Test(arguments: ["/proxy", "/v1"])
    func defaultRoutesLeadBelowTheDefaultUpstreamsBase(prefix: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let reply = try await proxy.post(
                    Chat.request("a"), to: "\(prefix)/chat/completions")
                #expect(reply.status == 200)
                #expect(upstream.requests.map(\.target) == ["/v1/chat/completions"])
                let host = upstream.requests.first?.header("host")
                #expect(host == "127.0.0.1:\(upstream.port)")
            }
        }
    }

    @Test func bothDefaultRoutesShareTheirEntries() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let body = Chat.request("a")
                let first = try await proxy.post(body, to: "/proxy/chat/completions")
                let second = try await proxy.post(body, to: "/v1/chat/completions")
                #expect(second.isHit)
                #expect(second.bytes == first.bytes)
            }
        }
    }

    @Test func namedUpstreamGetsWhatStandsBelowItsName() async throws {
        try await SimulatedUpstream.run(.builtIn()) { other in
            try await SimulatedUpstream.run(.builtIn()) { upstream in
                try await RunningProxy.with(upstream: upstream.origin) { settings in
                    settings.upstreams = [
                        NamedUpstream(
                            name: "anthropic", url: try BaseURL(other.origin))
                    ]
                } _: { proxy in
                    let body =
                        #"{"model":"claude","max_tokens":99,"messages":"#
                        + #"[{"role":"user","content":"hi"}]}"#
                    let first = try await proxy.post(body, to: "/anthropic/v1/messages")
                    let second = try await proxy.post(body, to: "/anthropic/v1/messages")
                    #expect(first.cacheStatus == "reprise; fwd=uri-miss; stored")
                    #expect(second.isHit)
                    #expect(second.bytes == first.bytes)
                    #expect(other.requests.map(\.target) == ["/v1/messages"])
                    #expect(upstream.requestCount == 0)
                }
            }
        }
    }

    @Test func upstreamIsNeverChosenByARequestHeader() async throws {
        try await SimulatedUpstream.run(.builtIn()) { other in
            try await SimulatedUpstream.run(.builtIn()) { upstream in
                try await RunningProxy.with(upstream: upstream.origin) { proxy in
                    let host = "127.0.0.1:\(other.port)"
                    _ = try await proxy.ask(
                        "a",
                        headers: [
                            ("host", host), ("x-forwarded-host", host),
                            ("x-upstream", other.origin), ("forwarded", "host=\(host)"),
                        ])
                    #expect(upstream.requestCount == 1)
                    #expect(other.requestCount == 0)
                }
            }
        }
    }

    @Test(arguments: ["/", "/health", "/ready"])
    func healthIsAnsweredHere(target: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let reply = try await proxy.send(.get, target)
                #expect(reply.status == 200)
                #expect(reply.text == #"{"ok":true}"#)
                #expect(reply.field("content-type") == "application/json")
                #expect(upstream.requestCount == 0)
            }
        }
    }

    @Test(arguments: ["/chat/completions", "/v2/chat/completions", "/v1x/models", "/unknown/x"])
    func unknownRouteNamesTheRoutesThatExist(target: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { settings in
                settings.upstreams = [
                    NamedUpstream(
                        name: "azure", url: try BaseURL(upstream.origin))
                ]
            } _: { proxy in
                let reply = try await proxy.post(Chat.request("a"), to: target)
                #expect(reply.status == 404)
                #expect(reply.errorCode == "unknown_route")
                for route in ["/proxy", "/v1", "/azure", "/health", "/ready"] {
                    #expect(reply.text.contains(route))
                }
                #expect(reply.headers["cache-status"].isEmpty)
                #expect(upstream.requestCount == 0)
            }
        }
    }

    @Test func webSocketUpgradeIsRefusedClearly() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(
                        "GET /v1/realtime?model=x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                            + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                    await connection.read(through: "}}")
                    let response = connection.responses.first
                    #expect(response?.status == 426)
                    #expect(response?.field("upgrade") == "HTTP/1.1")
                    #expect(
                        ProxyErrorBody(response?.text ?? "")?.code == "websocket_not_supported")
                }
                #expect(upstream.requestCount == 0)
            }
        }
    }

    /// This is no forward proxy: what is meant for another host is not for the default upstream.
    @Test(arguments: [
        "GET http://api.example.com/v1/models HTTP/1.1\r\nHost: api.example.com\r\n",
        "GET https://api.example.com/v1/models HTTP/1.1\r\nHost: api.example.com\r\n",
        "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n",
    ])
    func requestToAnotherHostIsRefused(head: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let responses = try await WireConnection.exchange(
                    "\(head)Connection: close\r\n\r\n", port: proxy.port)
                #expect(responses.map(\.status) == [421])
                #expect(
                    ProxyErrorBody(responses.first?.text ?? "")?.code == "not_a_forward_proxy")
                #expect(upstream.requestCount == 0)
            }
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
    func absoluteTargetOfTheListenerItselfIsAnswered(host: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let authority = "\(host):\(proxy.port)"
                let responses = try await WireConnection.exchange(
                    "GET http://\(authority)/v1/models?a=1 HTTP/1.1\r\nHost: \(authority)\r\n"
                        + "Connection: close\r\n\r\n", port: proxy.port)
                #expect(responses.map(\.status) == [200])
                #expect(upstream.requests.map(\.target) == ["/v1/models?a=1"])
            }
        }
    }

    @Test func queryIsForwardedAndKeyed() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let body = Chat.request("a")
                let targets = [
                    "/v1/chat/completions", "/v1/chat/completions?beta=true",
                    "/v1/chat/completions?beta=false", "/v1/chat/completions?beta=true&a=%20b",
                ]
                for target in targets {
                    let reply = try await proxy.post(body, to: target)
                    #expect(!reply.isHit, "\(target)")
                }
                for target in targets {
                    let reply = try await proxy.post(body, to: target)
                    #expect(reply.isHit, "\(target)")
                }
                #expect(upstream.requests.map(\.target) == targets)
            }
        }
    }
}
