import Foundation
import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

@Suite(.serialized)
struct UpstashStoreTests {
    private let log = LogRecorder()

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        try await withClockedNetwork { network in
            let upstash = try await UpstashFixture(network)
            let suite = StoreConformance(
                network: network, passTime: { try await upstash.redis.passTime($0) },
                open: { try upstash.store().store })
            let failures = try await suite.failures(of: check)
            #expect(failures == [])
        }
    }

    @Test func entryIsThePlainStringThatOthersRead() async throws {
        try await withUpstash { (store, upstash) async throws in
            let text = "{\"v\":1}\n{\"answer\":\"é 😀\"}"
            try await store.save([
                SampleResponses.entry(
                    1, text: Array(text.utf8),
                    retainedUntil: upstash.network.loops[0].wallClock + 100_000_000)
            ])
            let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)
            #expect(try await upstash.redis.command("GET", name) == text)
            let left = try #require(Int(try await upstash.redis.command("PTTL", name)))
            #expect(left > 90_000_000 && left <= 100_000_000)
        }
    }

    @Test func batchIsOneRequestAndOneIndexUpdateForEachLabel() async throws {
        try await withUpstash { (store, upstash) async throws in
            let end = upstash.network.loops[0].wallClock + 1_000_000_000
            try await store.save([
                SampleResponses.entry(
                    1, text: [1], retainedUntil: end, tags: [Array("a b".utf8), Array("c".utf8)]),
                SampleResponses.entry(
                    2, text: [2], retainedUntil: end + 1, tags: [Array("c".utf8)]),
                SampleResponses.entry(3, text: [3]),
            ])
            #expect(try await upstash.standIn.requests() == ["POST /pipeline"])
            let redis = upstash.redis
            let keys = (1...3).map { String(decoding: SampleResponses.key($0).hex, as: UTF8.self) }
            #expect(
                try await redis.command("ZRANGE", "reprise:index:tag:a%20b", "0", "-1") == keys[0])
            #expect(try await redis.command("ZCARD", "reprise:index:tag:c") == "2")
            #expect(try await redis.command("ZCARD", "reprise:index:model:gpt-test") == "3")
            #expect(
                try await redis.command("ZSCORE", "reprise:index:namespace:tests", keys[2]) == "inf"
            )
            let credential = String(repeating: "07", count: 32)
            #expect(
                try await redis.command("ZCARD", "reprise:index:credential:\(credential)") == "3")
            #expect(try await redis.command("PTTL", "reprise:index:namespace:tests") == "-1")
            let left = try #require(Int(try await redis.command("PTTL", "reprise:index:tag:c")))
            #expect(left > 0 && left <= 1_000_000_001)
        }
    }

    @Test func refusedIndexKeepsNothingFromBeingStored() async throws {
        try await withUpstash(logger: log.logger) { (store, upstash) async throws in
            try await upstash.redis.command("ACL", "SETUSER", "default", "-eval")
            #expect(await store.saving(1, "one") == .done)
            #expect(await store.saving(2, "two") == .done)
            #expect(await store.loading(1) == .text("one"))
            #expect(log.messages(containing: "refuses the purge index").count == 1)
            try await upstash.redis.command("ACL", "SETUSER", "default", "+eval")
            #expect(await store.saving(3, "three") == .done)
            #expect(log.messages(containing: "takes the purge index again").count == 1)
        }
    }

    @Test func noReplicaAnswersWithLessThanTheLastWrite() async throws {
        try await withUpstash { (store, upstash) async throws in
            #expect(await store.loading(1) == .text(nil))
            #expect(await store.saving(1, "one") == .done)
            #expect(await store.loading(1) == .text("one"))
            #expect(await store.loading(1) == .text("one"))
            #expect(await store.removing(1) == .done)
            #expect(await store.loading(1) == .text(nil))
            #expect(
                try await upstash.standIn.field("upstash-sync-token") == [
                    nil, nil, "state-2", "state-2", "state-2", "state-5",
                ])
        }
    }

    @Test func manyEntriesGoInSeveralRequests() async throws {
        try await withUpstash { (store, upstash) async throws in
            let text = [UInt8](repeating: 0x78, count: 400_000)
            try await store.save((1...5).map { SampleResponses.entry($0, text: text) })
            #expect(try await upstash.standIn.requests().count == 3)
            for number in 1...5 {
                #expect(try await store.load(number)?.count == 400_000)
            }
        }
    }

    @Test func entryThatUpstashFindsTooLargeIsLeftOut() async throws {
        try await withUpstash(requestLimit: 1_300_000) { (store, upstash) async throws in
            #expect(await store.saving(1, "old") == .done)
            #expect(await store.saving(2, "old") == .done)
            try await store.save([
                SampleResponses.entry(1, text: [UInt8](repeating: 0x78, count: 1_500_000)),
                SampleResponses.entry(2, text: Array("new".utf8)),
            ])
            #expect(await store.loading(1) == .text(nil))
            #expect(await store.loading(2) == .text("new"))
        }
    }

    @Test func entryThatIsLargerThanEntriesMayBeIsNotRead() async throws {
        try await withUpstash { (store, upstash) async throws in
            try await store.save([
                SampleResponses.entry(1, text: [UInt8](repeating: 0x78, count: 5_000_000))
            ])
            var limits = patientRESTLimits
            limits.maximumEntrySize = 1000
            let small = try upstash.store(limits: limits)
            #expect(await small.loading(1) == .text(nil))
            #expect(await small.saving(2, "two") == .done)
            #expect(await small.loading(2) == .text("two"))
        }
    }

    @Test func fullDatabaseIsTold() async throws {
        try await withUpstash { (store, upstash) async throws in
            #expect(await store.saving(1, "one") == .done)
            try await upstash.redis.command("CONFIG", "SET", "maxmemory", "1")
            #expect(await store.saving(2, "two") == .failed(.full))
            #expect(await store.loading(1) == .text("one"))
            #expect(await store.removing(1) == .done)
            try await upstash.standIn.set(
                .answers(200, #"[{"error":"ERR DB capacity quota exceeded"}]"#))
            #expect(await store.removing(2) == .failed(.full))
        }
    }

    @Test func leaseHasOneHolderUntilItEnds() async throws {
        try await withUpstash { (store, upstash) async throws in
            let (first, second) = (store.newHolder(), store.newHolder())
            let minute = Duration.seconds(60)
            #expect(try await store.takeLease(of: 1, for: first, lasting: minute))
            #expect(try await !store.takeLease(of: 1, for: second, lasting: minute))
            #expect(try await !store.renewLease(of: 1, for: second, lasting: minute))
            #expect(try await !store.endLease(of: 1, for: second))
            #expect(try await store.renewLease(of: 1, for: first, lasting: .seconds(600)))
            try await upstash.redis.passTime(minute)
            #expect(try await upstash.redis.command("DBSIZE") == "1")
            #expect(try await store.endLease(of: 1, for: first))
            #expect(try await upstash.redis.command("DBSIZE") == "0")
            #expect(try await store.takeLease(of: 1, for: second, lasting: minute))
            try await upstash.redis.passTime(minute)
            #expect(try await store.takeLease(of: 1, for: first, lasting: minute))
        }
    }
}
