import RepriseSimulator
import RepriseStorage
import RepriseTesting
import Testing

@testable import reprise

/// Two servers on one Redis have one cache.
@Suite(.timeLimit(.minutes(5)))
struct SharedStoreTests {
    private static let fields = [("x-request-id", "req_1"), ("openai-version", "2020-10-01")]

    /// A JSON answer and a stream, by what the request asks for.
    private static let script = Script { request in
        if request.bodyText.contains("\"stream\":true") {
            return .eventStream(Chat.events("Grüße", "b", "c"), headers: Self.fields)
        }
        return .json(Chat.answer("Grüße \(request.bodyText.count)"), headers: Self.fields)
    }

    /// Runs `body` with two servers whose clocks stand still.
    private func withTwo(
        _ redis: RedisServerProcess, _ upstream: SimulatedUpstream,
        _ body: (RunningProxy, RunningProxy) async throws -> Void
    ) async throws {
        func change(_ settings: inout ServerSettings) throws {
            settings.store = .redis(try RedisAddress(parsing: redis.url))
            settings.storeTimeout = .seconds(30)
            settings.memoryTTL = .seconds(60)
        }
        try await RunningProxy.with(upstream: upstream.origin, change: change) { first in
            try await RunningProxy.with(upstream: upstream.origin, change: change) { second in
                try await body(first, second)
            }
        }
    }

    @Test(arguments: [false, true])
    func whatOneStoredTheOtherHitsByteForByte(stream: Bool) async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await withTwo(redis, upstream) { first, second in
                let miss = try await first.ask("a", stream: stream)
                #expect(miss.cacheStatus == "reprise; fwd=uri-miss; stored")
                try await redis.untilEntries(1)
                let hit = try await second.ask("a", stream: stream)
                #expect(hit.isHit)
                #expect(hit.status == 200)
                #expect(hit.bytes == miss.bytes)
                for name in ["content-type", "x-request-id", "openai-version"] {
                    #expect(hit.field(name) != nil)
                    #expect(hit.field(name) == miss.field(name))
                }
                // Now from memory: the store need not be there any more.
                try await redis.kill()
                #expect(try await second.ask("a", stream: stream).bytes == miss.bytes)
            }
            #expect(upstream.requestCount == 1)
        }
    }

    @Test func otherCredentialsAndNamespacesStayApart() async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await withTwo(redis, upstream) { first, second in
                let key = [("authorization", "Bearer one")]
                _ = try await first.ask("a", headers: key)
                try await redis.untilEntries(1)
                #expect(try await second.ask("a", headers: key).isHit)
                #expect(
                    !(try await second.ask("a", headers: [("authorization", "Bearer two")]).isHit))
                let named = key + [("x-proxy-namespace", "n")]
                #expect(!(try await second.ask("a", headers: named).isHit))
            }
            #expect(upstream.requestCount == 3)
        }
    }

    @Test func refreshElsewhereIsSeenWhenMemoryAsksAgain() async throws {
        let redis = try await RedisServerProcess.start()
        let answers = ["old", "new"].map { SimulatedResponse.json(Chat.answer($0)) }
        try await SimulatedUpstream.run(.sequence(answers)) { upstream in
            try await withTwo(redis, upstream) { first, second in
                _ = try await first.ask("a")
                try await redis.untilEntries(1)
                #expect(try await second.ask("a").text == Chat.answer("old"))
                let refresh = try await first.ask("a", headers: [("x-proxy-refresh", "true")])
                #expect(refresh.text == Chat.answer("new"))
                let name = try #require(try await redis.entries().first)
                try await redis.untilAnswer("GET", name) { $0.contains("\"new\"") }

                #expect(try await second.ask("a").text == Chat.answer("old"))
                second.clock.advance(by: .seconds(61))
                let seen = try await second.ask("a")
                #expect(seen.isHit)
                #expect(seen.text == Chat.answer("new"))
            }
            #expect(upstream.requestCount == 2)
        }
    }

    @Test func purgeElsewhereIsSeenWhenMemoryAsksAgain() async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await withTwo(redis, upstream) { first, second in
                _ = try await first.ask("a")
                try await redis.untilEntries(1)
                #expect(try await second.ask("a").isHit)
                try await redis.command("FLUSHALL")
                #expect(try await second.ask("a").isHit)
                second.clock.advance(by: .seconds(61))
                #expect(try await second.ask("a").cacheStatus == "reprise; fwd=uri-miss; stored")
            }
            #expect(upstream.requestCount == 2)
        }
    }

    @Test func withoutCollapsingEachServerCallsAndNobodyTakesALease() async throws {
        let redis = try await RedisServerProcess.start()
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(Chat.answer("a")).gated(by: gate)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await withTwo(redis, upstream) { first, second in
                async let one = first.ask("a")
                async let two = second.ask("a")
                await gate.waitForArrivals(2)
                #expect(try await redis.calls(of: "set") == 0)
                gate.open()
                let replies = [try await one, try await two]
                #expect(
                    replies.allSatisfy { $0.cacheStatus == "reprise; fwd=uri-miss; stored" })
            }
            #expect(upstream.requestCount == 2)
        }
    }
}
