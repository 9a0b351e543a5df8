import RepriseSimulator
import Testing

@testable import reprise

/// How long a response is served: `X-Proxy-TTL`, `--ttl` and the request's `Cache-Control`.
@Suite(.timeLimit(.minutes(5)))
struct LifetimeTests {
    static let miss = "reprise; fwd=uri-miss; stored"

    private func ask(_ proxy: RunningProxy, _ headers: (String, String)...) async throws -> Reply {
        try await proxy.ask("a", headers: headers)
    }

    @Test func responseIsFreshForItsTTLAndThenFetchedAgain() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let first = try await ask(proxy, ("x-proxy-ttl", "10"))
                #expect(first.cacheStatus == Self.miss)
                proxy.clock.advance(by: .seconds(3))
                #expect(try await ask(proxy).cacheStatus == "reprise; hit; ttl=7")
                #expect(try await ask(proxy).cacheStatus == "reprise; hit; ttl=7")
                proxy.clock.advance(by: .seconds(7))
                let second = try await ask(proxy, ("x-proxy-ttl", "10"))
                #expect(second.cacheStatus == "reprise; fwd=stale; stored")
                #expect(second.bytes != first.bytes)
                let third = try await ask(proxy)
                #expect(third.cacheStatus == "reprise; hit; ttl=10")
                #expect(third.bytes == second.bytes)
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func settingIsTheLifetimeOfAResponseThatNamesNone() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.ttl = 60
            } _: { proxy in
                _ = try await ask(proxy)
                #expect(try await ask(proxy).cacheStatus == "reprise; hit; ttl=60")
                _ = try await proxy.ask("b", headers: [("x-proxy-ttl", "5")])
                #expect(try await proxy.ask("b").cacheStatus == "reprise; hit; ttl=5")
            }
        }
    }

    @Test func ttlZeroNeitherLooksUpNorStores() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let bypass = "reprise; fwd=bypass; detail=ttl-zero"
                #expect(try await ask(proxy, ("x-proxy-ttl", "0")).cacheStatus == bypass)
                let stored = try await ask(proxy)
                #expect(stored.cacheStatus == Self.miss)
                #expect(try await ask(proxy, ("x-proxy-ttl", "0")).cacheStatus == bypass)
                let hit = try await ask(proxy)
                #expect(hit.isHit)
                #expect(hit.bytes == stored.bytes)
                #expect(upstream.requestCount == 3)
            }
        }
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        let name: String
        let value: String
        let code: String

        var testDescription: String { "\(name): \(value)" }
    }

    @Test(arguments: [
        Mistake(name: "X-Proxy-TTL", value: "-1", code: "invalid_ttl"),
        Mistake(name: "X-Proxy-TTL", value: "1.5", code: "invalid_ttl"),
        Mistake(name: "X-Proxy-TTL", value: "soon", code: "invalid_ttl"),
        Mistake(name: "X-Proxy-Refresh", value: "yes", code: "invalid_refresh"),
        Mistake(name: "X-Proxy-Namespace", value: "a b", code: "invalid_namespace"),
        Mistake(
            name: "X-Proxy-Tags", value: String(repeating: "x", count: 65), code: "invalid_tags"),
    ])
    func mistakeInADirectiveIsRefused(_ mistake: Mistake) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                // Known to the fast path by then, which must not overlook the mistake.
                for _ in 0..<2 { _ = try await ask(proxy) }
                let reply = try await ask(proxy, (mistake.name, mistake.value))
                #expect(reply.status == 400)
                #expect(reply.errorCode == mistake.code)
                #expect(ProxyErrorBody(reply.text)?.message.contains(mistake.name) == true)
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func maxAgeBoundsTheAge() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await ask(proxy)
                proxy.clock.advance(by: .seconds(10))
                #expect(try await ask(proxy, ("cache-control", "max-age=10")).isHit)
                let refused = try await ask(proxy, ("cache-control", "max-age=9"))
                #expect(refused.cacheStatus == "reprise; fwd=request; stored")
                #expect(try await ask(proxy, ("cache-control", "max-age=9")).field("age") == "0")
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func minFreshAsksForWhatIsLeftOfTheLifetime() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await ask(proxy, ("x-proxy-ttl", "10"))
                proxy.clock.advance(by: .seconds(4))
                #expect(try await ask(proxy, ("cache-control", "min-fresh=6")).isHit)
                let refused = try await ask(proxy, ("cache-control", "min-fresh=7"))
                #expect(refused.cacheStatus == "reprise; fwd=request; stored")
            }
        }
    }

    @Test func maxStaleAcceptsAStaleResponse() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let first = try await ask(proxy, ("x-proxy-ttl", "10"))
                proxy.clock.advance(by: .seconds(25))
                for value in ["max-stale", "max-stale=15"] {
                    let stale = try await ask(proxy, ("cache-control", value))
                    #expect(stale.cacheStatus == "reprise; hit; ttl=-15")
                    #expect(stale.bytes == first.bytes)
                    #expect(stale.field("age") == "25")
                }
                let refused = try await ask(proxy, ("cache-control", "max-stale=14"))
                #expect(refused.cacheStatus == "reprise; fwd=stale; stored")
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func noStoreStoresNothingAndMayBeAnsweredFromTheCache() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let noStore = ("cache-control", "no-store")
                let unstored = try await ask(proxy, noStore)
                #expect(unstored.cacheStatus == "reprise; fwd=uri-miss")
                #expect(try await ask(proxy).cacheStatus == Self.miss)
                #expect(try await ask(proxy, noStore).isHit)
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func proxyHeadersWinOverCacheControl() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let stored = try await ask(
                    proxy, ("cache-control", "no-store"), ("x-proxy-ttl", "9"))
                #expect(stored.cacheStatus == Self.miss)
                let hit = try await ask(
                    proxy, ("cache-control", "no-cache"), ("x-proxy-refresh", "false"))
                #expect(hit.cacheStatus == "reprise; hit; ttl=9")
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func namespacesAreKeptApart() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let one = try await ask(proxy, ("x-proxy-namespace", "one"))
                let two = try await ask(proxy, ("x-proxy-namespace", "two"))
                #expect(one.bytes != two.bytes)
                #expect(try await ask(proxy, ("x-proxy-namespace", "one")).bytes == one.bytes)
                #expect(try await ask(proxy, ("x-proxy-namespace", "two")).bytes == two.bytes)
                #expect(try await ask(proxy).cacheStatus == Self.miss)
                #expect(upstream.requestCount == 3)
            }
        }
    }
}
