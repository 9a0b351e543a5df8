import Logging
import RepriseCore
import RepriseStorage
import RepriseTesting
import Testing

/// The sets that find entries by their labels.
@Suite(.timeLimit(.minutes(5)))
struct RedisIndexTests {
    private let clock = ManualClock()

    private func hex(_ number: Int) -> String {
        String(decoding: SampleResponses.key(number).hex, as: UTF8.self)
    }

    private func entry(
        _ number: Int, _ tags: [String], until end: Int64?
    ) -> StoredEntry {
        SampleResponses.entry(
            number, text: [65], retainedUntil: end, tags: tags.map { Array($0.utf8) })
    }

    private func members(_ server: RedisServerProcess, _ index: String) async throws -> Set<String>
    {
        let answer = try await server.command("ZRANGE", "reprise:index:\(index)", "0", "-1")
        return Set(answer.split(separator: "\n").map(String.init))
    }

    @Test func labelsLeadToEntries() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url, clock: clock.wallClock)
        let end = clock.now + 1_000_000
        try await store.save([
            entry(1, ["a", "b c"], until: end), entry(2, ["a"], until: end),
            entry(3, [], until: nil),
        ])
        try await store.save([entry(4, ["a"], until: end)])
        #expect(try await members(server, "tag:a") == [hex(1), hex(2), hex(4)])
        #expect(try await members(server, "tag:b%20c") == [hex(1)])
        let all: Set = [hex(1), hex(2), hex(3), hex(4)]
        #expect(try await members(server, "model:gpt-test") == all)
        #expect(try await members(server, "namespace:tests") == all)
        let scope = String(repeating: "07", count: 32)
        #expect(try await members(server, "credential:\(scope)") == all)
        let score = try await server.command("ZSCORE", "reprise:index:tag:a", hex(1))
        #expect(score == String(end))
        #expect(try await server.command("ZSCORE", "reprise:index:model:gpt-test", hex(3)) == "inf")
        await store.close()
    }

    @Test func indexEndsWithItsLastEntry() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url, clock: clock.wallClock)
        func left(_ tag: String) async throws -> Int {
            try #require(Int(try await server.command("PTTL", "reprise:index:tag:\(tag)")))
        }
        try await store.save([
            entry(1, ["a"], until: clock.now + 1_000_000),
            entry(2, ["a"], until: clock.now + 3_000_000),
        ])
        try await store.save([entry(3, ["a"], until: clock.now + 2_000_000)])
        #expect(2_900_000...3_000_000 ~= (try await left("a")))
        try await store.save([entry(4, ["a"], until: nil)])
        #expect(try await left("a") == -1)
        try await store.save([entry(4, ["a"], until: clock.now + 4_000_000)])
        #expect(3_900_000...4_000_000 ~= (try await left("a")))
        await store.close()
    }

    @Test func expiredEntriesAreForgotten() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url, clock: clock.wallClock)
        try await store.save([
            entry(1, ["a"], until: clock.now + 1000), entry(2, ["a"], until: clock.now + 9_000_000),
        ])
        clock.advance(by: .seconds(2))
        try await store.save([entry(3, ["a"], until: clock.now + 9_000_000)])
        #expect(try await members(server, "tag:a") == [hex(2), hex(3)])
        await store.close()
    }

    @Test func brokenIndexKeepsNoEntryFromBeingStored() async throws {
        let server = try await RedisServerProcess.start()
        let log = LogRecorder()
        let store = try RedisFixture.open(server.url, logger: log.logger)
        try await server.command("SET", "reprise:index:tag:a", "not a set")
        for number in 1...3 { try await store.save([entry(number, ["a"], until: nil)]) }
        #expect(try await RedisFixture.text(store, 3) == "A")
        #expect(log.messages(containing: "without the index").count == 1)
        try await server.command("DEL", "reprise:index:tag:a")
        try await store.save([entry(4, ["a"], until: nil)])
        #expect(log.messages(containing: "with their index again").count == 1)
        #expect(try await members(server, "tag:a") == [hex(4)])
        await store.close()
    }
}
