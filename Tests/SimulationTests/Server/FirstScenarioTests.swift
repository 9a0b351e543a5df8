import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import Testing

/// One client, one miss, one hit: the whole server in virtual time.
struct FirstScenarioTests {
    private struct Outcome: Equatable {
        var miss: [UInt8]
        var hit: [UInt8]
        var calls: Int
        var leftovers: [String]
        var trace: String
        var fingerprint: UInt64
    }

    private func run(seed: UInt64, traceLimit: Int = 100_000) throws -> Outcome {
        let server = try SimulatedServer(seed: seed, traceLimit: traceLimit, ChatRequest.echo())
        let request = ChatRequest(question: "hello").bytes
        let client = server.connect()
        let miss = try server.exchange([request], on: client)
        server.world.run(for: .seconds(3))
        let hit = try server.exchange([request], on: client)
        client.add([.close])
        return Outcome(
            miss: miss[0], hit: hit[0], calls: server.upstream.requestCount,
            leftovers: try server.end(), trace: server.world.trace?.text ?? "",
            fingerprint: server.world.fingerprint)
    }

    @Test func missIsFollowedByAHitWithTheSameBody() throws {
        let outcome = try run(seed: 1)
        let miss = String(decoding: outcome.miss, as: UTF8.self)
        let hit = String(decoding: outcome.hit, as: UTF8.self)
        #expect(miss.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(miss.contains("\r\ncache-status: reprise; fwd=uri-miss; stored\r\n"))
        #expect(miss.contains("hello, call 1"))
        #expect(hit.contains("\r\ncache-status: reprise; hit\r\n"))
        #expect(hit.contains("\r\nage: 3\r\n"))
        #expect(body(outcome.miss) == body(outcome.hit))
        #expect(outcome.calls == 1)
        #expect(outcome.trace.contains("cache=stored"))
        #expect(outcome.trace.contains("cache=hit"))
    }

    @Test func nothingIsLeftAtTheEnd() throws {
        let outcome = try run(seed: 1)
        #expect(outcome.leftovers == [])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theSameSeedGivesTheSameTraceByteForByte(seed: UInt64) throws {
        let one = try run(seed: seed)
        let other = try run(seed: seed)
        #expect(one == other)
        #expect(!one.trace.isEmpty)
        #expect(try run(seed: seed + 1).trace != one.trace)
        #expect(try run(seed: seed, traceLimit: 0).fingerprint == one.fingerprint)
    }

    private func body(_ response: [UInt8]) -> [UInt8] {
        let text = String(decoding: response, as: UTF8.self)
        return Array(text.drop { $0 != "{" }.utf8)
    }
}
