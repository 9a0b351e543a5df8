import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

/// The sets that find entries by their labels.
@Suite(.timeLimit(.minutes(5)))
struct RedisIndexTests {
    private func hex(_ number: Int) -> String {
        String(decoding: SampleResponses.key(number).hex, as: UTF8.self)
    }

    private func entry(_ number: Int, _ tags: [String], until end: Int64?) -> StoredEntry {
        SampleResponses.entry(
            number, text: [65], retainedUntil: end, tags: tags.map { Array($0.utf8) })
    }

    private func members(
        _ server: RedisServerProcess, _ index: String
    ) async throws -> Set<String> {
        let answer = try await server.command("ZRANGE", "reprise:index:\(index)", "0", "-1")
        return Set(answer.split(separator: "\n").map(String.init))
    }

    @Test func labelsLeadToEntries() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let end = network.loops[0].wallClock + 1_000_000
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
            #expect(
                try await server.command("ZSCORE", "reprise:index:model:gpt-test", hex(3)) == "inf"
            )
            await store.close()
        }
    }

    @Test func indexEndsWithItsLastEntry() async throws {
        let server = try await RedisServerProcess.start()
        func left(_ tag: String) async throws -> Int {
            try #require(Int(try await server.command("PTTL", "reprise:index:tag:\(tag)")))
        }
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let now = network.loops[0].wallClock
            try await store.save([
                entry(1, ["a"], until: now + 1_000_000), entry(2, ["a"], until: now + 3_000_000),
            ])
            try await store.save([entry(3, ["a"], until: now + 2_000_000)])
            let first = try await left("a")
            #expect(2_700_000...3_000_000 ~= first)
            try await store.save([entry(4, ["a"], until: nil)])
            #expect(try await left("a") == -1)
            try await store.save([entry(4, ["a"], until: now + 4_000_000)])
            let second = try await left("a")
            #expect(3_700_000...4_000_000 ~= second)
            await store.close()
        }
    }

    @Test func expiredEntriesAreForgotten() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let now = network.loops[0].wallClock
            try await store.save([
                entry(1, ["a"], until: now - 1000), entry(2, ["a"], until: now + 9_000_000),
            ])
            try await store.save([entry(3, ["a"], until: now + 9_000_000)])
            #expect(try await members(server, "tag:a") == [hex(2), hex(3)])
            await store.close()
        }
    }

    @Test func brokenIndexKeepsNoEntryFromBeingStored() async throws {
        let server = try await RedisServerProcess.start()
        let log = LogRecorder()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network, logger: log.logger)
            try await server.command("SET", "reprise:index:tag:a", "not a set")
            for number in 1...3 { try await store.save([entry(number, ["a"], until: nil)]) }
            #expect(try await store.text(3) == "A")
            #expect(log.messages(containing: "without the index").count == 1)
            try await server.command("DEL", "reprise:index:tag:a")
            try await store.save([entry(4, ["a"], until: nil)])
            #expect(log.messages(containing: "with their index again").count == 1)
            #expect(try await members(server, "tag:a") == [hex(4)])
            await store.close()
        }
    }
}
