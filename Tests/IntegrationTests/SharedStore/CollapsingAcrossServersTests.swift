import Foundation
import RepriseSimulator
import RepriseTesting
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// One upstream call for a key among all servers on one Redis.
@Suite(.timeLimit(.minutes(5)))
struct CollapsingAcrossServersTests {
    private static let flag = ["--collapse-across-servers"]

    /// Two servers on a Redis, and an upstream whose answers wait for a gate.
    private func run(
        _ script: Script,
        _ body: (RedisServerProcess, SimulatedUpstream, ServedProxy, ServedProxy) async throws
            -> Void
    ) async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(script) { upstream in
            try await ServedProxy.withTwo(
                upstream: upstream.origin, store: redis.url, Self.flag
            ) { first, second in
                try await body(redis, upstream, first, second)
            }
        }
    }

    /// Waits until somebody has asked in vain for the lease of a call under way.
    private func untilSomebodyWaits(_ redis: RedisServerProcess) async throws {
        // The first is that of the one who makes the call.
        try await redis.untilCalls(of: "set", exceed: 2)
    }

    @Test func jsonIsOneCallForTwoServers() async throws {
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(
            Chat.answer("a"), headers: [("x-request-id", "req_1")]
        ).gated(by: gate)
        try await run(.always(answer)) { redis, upstream, first, second in
            async let leading = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            async let joined = second.ask("a")
            try await untilSomebodyWaits(redis)
            gate.open()
            #expect(try await leading.isStoredMiss)
            let replies = [try await waiting, try await joined]
            // One of them may have come too late to wait.
            #expect(replies.contains { $0.cacheStatus == "reprise; fwd=uri-miss; collapsed" })
            for reply in replies {
                #expect(reply.status == 200)
                #expect(!reply.isStoredMiss)
                #expect(reply.text == Chat.answer("a"))
                #expect(reply.field("x-request-id") == "req_1")
                #expect(reply.field("content-type") == "application/json")
            }
            #expect(upstream.requestCount == 1)
            // It is in memory there, too, and the lease is over.
            try await redis.untilAnswer("KEYS", "reprise:lease:*") { $0.isEmpty }
            try await redis.kill()
            #expect(try await second.ask("a").isHit)
        }
    }

    @Test func streamIsOneCallForTwoServers() async throws {
        let gate = Gate("second event")
        let events = Chat.events("a", "b", "c")
        let answer = SimulatedResponse.eventStream(events).gated(by: gate, afterPieces: 1)
        try await run(.always(answer)) { redis, upstream, first, second in
            async let leading = first.ask("a", stream: true)
            await gate.waitForArrivals()
            async let waiting = second.ask("a", stream: true)
            try await untilSomebodyWaits(redis)
            gate.open()
            #expect(try await leading.isStoredMiss)
            let reply = try await waiting
            #expect(reply.cacheStatus == "reprise; fwd=uri-miss; collapsed")
            #expect(reply.text == events.joined())
            #expect(
                reply.field("content-type")?.hasPrefix("text/event-stream") == true)
            #expect(upstream.requestCount == 1)
        }
    }

    @Test func crowdOnBothServersIsOneCallForEachKey() async throws {
        let script = Script { .json(Chat.answer("\($0.bodyText.utf8.count)")) }
        try await run(script) { _, upstream, first, second in
            try await withThrowingTaskGroup(of: Reply.self) { group in
                for number in 0..<200 {
                    let proxy = number.isMultiple(of: 2) ? first : second
                    let question = String(repeating: "a", count: number % 10)
                    group.addTask { try await proxy.ask(question) }
                }
                for try await reply in group {
                    #expect(reply.status == 200)
                    #expect(reply.cacheStatus != "none")
                }
            }
            #expect(upstream.requestCount == 10)
        }
    }

    @Test func killedLeaderIsReplaced() async throws {
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(Chat.answer("a")).gated(by: gate)
        try await run(.always(answer)) { redis, upstream, first, second in
            async let lost = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            try await untilSomebodyWaits(redis)
            await first.process.kill9()
            _ = try? await lost  // nobody answers it
            #expect(upstream.requestCount == 1)
            try await redis.passTime(.seconds(10))
            await gate.waitForArrivals(2)
            gate.open()
            let reply = try await waiting
            #expect(reply.isStoredMiss)
            #expect(reply.text == Chat.answer("a"))
            #expect(upstream.requestCount == 2)
        }
    }

    @Test func failureOfTheLeaderIsNotShared() async throws {
        let gate = Gate("failure")
        let failure = SimulatedResponse.error(status: 500, message: "broken").gated(by: gate)
        let answers = [failure, SimulatedResponse.json(Chat.answer("a"))]
        try await run(.sequence(answers)) { redis, upstream, first, second in
            async let leading = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            try await untilSomebodyWaits(redis)
            gate.open()
            #expect(try await leading.status == 500)
            #expect(try await waiting.isStoredMiss)
            #expect(upstream.requestCount == 2)
        }
    }

    @Test func refreshAndWhatMayNotBeStoredDoNotWait() async throws {
        let gate = Gate("first answer")
        let answers = [
            SimulatedResponse.json(Chat.answer("old")).gated(by: gate),
            SimulatedResponse.json(Chat.answer("new")),
        ]
        try await run(.sequence(answers)) { redis, upstream, first, second in
            async let leading = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            try await untilSomebodyWaits(redis)
            let unstored = try await second.ask("a", headers: [("cache-control", "no-store")])
            #expect(unstored.cacheStatus == "reprise; fwd=uri-miss")
            #expect(unstored.text == Chat.answer("new"))
            let refresh = try await second.ask("a", headers: [("x-proxy-refresh", "true")])
            #expect(refresh.cacheStatus == "reprise; fwd=request; stored; detail=refresh")
            #expect(refresh.text == Chat.answer("new"))
            #expect(upstream.requestCount == 3)
            // What the refresh has stored is an answer to who still waits.
            #expect(try await waiting.text == Chat.answer("new"))
            gate.open()
            #expect(try await leading.text == Chat.answer("old"))
        }
    }

    @Test func storeThatGoesAwayIsNotWaitedFor() async throws {
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(Chat.answer("a")).gated(by: gate)
        try await run(.always(answer)) { redis, upstream, first, second in
            async let leading = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            try await untilSomebodyWaits(redis)
            try await redis.kill()
            await gate.waitForArrivals(2)
            gate.open()
            #expect(try await leading.text == Chat.answer("a"))
            #expect(try await waiting.text == Chat.answer("a"))
            #expect(upstream.requestCount == 2)
        }
    }

    @Test func stoppedServerFinishesItsCallForTheOthers() async throws {
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(Chat.answer("a")).gated(by: gate)
        try await run(.always(answer)) { redis, upstream, first, second in
            async let leading = first.ask("a")
            await gate.waitForArrivals()
            async let waiting = second.ask("a")
            try await untilSomebodyWaits(redis)
            first.process.signal(SIGTERM)
            gate.open()
            #expect(try await leading.isStoredMiss)
            #expect(await first.process.waitForExit() == 0)
            #expect(try await waiting.cacheStatus == "reprise; fwd=uri-miss; collapsed")
            #expect(upstream.requestCount == 1)
        }
    }
}
