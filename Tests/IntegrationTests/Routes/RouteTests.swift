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
                            ("x-proxy-upstream", other.origin), ("forwarded", "host=\(host)"),
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
                    #expect(
                        ProxyErrorBody(response?.text ?? "")?.code == "websocket_not_supported")
                }
                #expect(upstream.requestCount == 0)
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
