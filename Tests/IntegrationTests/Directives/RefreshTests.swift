import RepriseSimulator
import Testing

/// `X-Proxy-Refresh`, `no-cache` and `only-if-cached`.
@Suite(.timeLimit(.minutes(5)))
struct RefreshTests {
    static let refresh = [("x-proxy-refresh", "true")]

    @Test func refreshReplacesTheEntry() async throws {
        let answers = ["one", "two"].map { SimulatedResponse.json(Chat.answer($0)) }
        try await SimulatedUpstream.run(.sequence(answers)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask("a")
                let refreshed = try await proxy.ask("a", headers: Self.refresh)
                #expect(
                    refreshed.cacheStatus == "reprise; fwd=request; stored; detail=refresh")
                #expect(refreshed.text == Chat.answer("two"))
                let hit = try await proxy.ask("a")
                #expect(hit.isHit)
                #expect(hit.text == Chat.answer("two"))
            }
        }
    }

    @Test(arguments: [
        SimulatedResponse.error(status: 500, message: "no"),
        SimulatedResponse.json(#"{"error":{"message":"no"}}"#),
        SimulatedResponse.json(Chat.answer("cut")).broken(afterPieces: 0),
        SimulatedResponse.eventStream(Chat.events("a", "b")).broken(afterPieces: 1),
    ])
    func failingRefreshLeavesTheEntry(_ failure: SimulatedResponse) async throws {
        let answer = SimulatedResponse.json(Chat.answer("one"))
        try await SimulatedUpstream.run(.sequence([answer, failure])) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask("a")
                // A cut stream throws, which is right; what counts is the entry.
                _ = try? await proxy.ask("a", headers: Self.refresh)
                let hit = try await proxy.ask("a")
                #expect(hit.cacheStatus == "reprise; hit")
                #expect(hit.text == Chat.answer("one"))
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func noCacheAsksTheUpstreamAndStoresTheAnswer() async throws {
        let answers = ["one", "two"].map { SimulatedResponse.json(Chat.answer($0)) }
        try await SimulatedUpstream.run(.sequence(answers)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask("a")
                let asked = try await proxy.ask("a", headers: [("cache-control", "no-cache")])
                #expect(asked.cacheStatus == "reprise; fwd=request; stored")
                #expect(try await proxy.ask("a").text == Chat.answer("two"))
            }
        }
    }

    @Test func onlyIfCachedOnAMissIsAnErrorThatIsNotRetried() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let only = [("cache-control", "only-if-cached")]
                let reply = try await proxy.ask("a", headers: only)
                #expect(reply.status == 504)
                #expect(reply.field("x-should-retry") == "false")
                #expect(reply.errorCode == "not_cached")
                #expect(reply.cacheStatus == "reprise; detail=only-if-cached")
                #expect(upstream.requestCount == 0)
                _ = try await proxy.ask("a", headers: [("x-proxy-ttl", "5")])
                #expect(try await proxy.ask("a", headers: only).isHit)
                proxy.clock.advance(by: .seconds(5))
                #expect(try await proxy.ask("a", headers: only).status == 504)
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func onlyIfCachedForbidsAPassThroughToo() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let reply = try await proxy.send(
                    .get, "/v1/models", headers: [("cache-control", "only-if-cached")])
                #expect(reply.status == 504)
                #expect(upstream.requestCount == 0)
            }
        }
    }
}
