import Foundation
import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

@Suite(.serialized)
struct UpstashStoreTests {
    private let clock = ManualClock()
    private let log = LogRecorder()

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        let upstash = try await UpstashFixture()
        let suite = StoreConformance(passTime: upstash.redis.passTime) { clock in
            try upstash.store(clock: clock)
        }
        #expect(try await suite.failures(of: check) == [])
    }

    @Test func entryIsThePlainStringThatOthersRead() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        let text = "{\"v\":1}\n{\"answer\":\"é 😀\"}"
        try await store.save([
            SampleResponses.entry(
                1, text: Array(text.utf8), retainedUntil: clock.now + 100_000_000)
        ])
        let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)
        #expect(try await upstash.redis.command("GET", name) == text)
        let left = try #require(Int(try await upstash.redis.command("PTTL", name)))
        #expect(left > 90_000_000 && left <= 100_000_000)
    }

    @Test func batchIsOneRequestAndOneIndexUpdateForEachLabel() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        let end = clock.now + 1_000_000_000
        try await store.save([
            SampleResponses.entry(
                1, text: [1], retainedUntil: end, tags: [Array("a b".utf8), Array("c".utf8)]),
            SampleResponses.entry(2, text: [2], retainedUntil: end + 1, tags: [Array("c".utf8)]),
            SampleResponses.entry(3, text: [3]),
        ])
        #expect(try await upstash.standIn.requests() == ["POST /pipeline"])
        let redis = upstash.redis
        let keys = (1...3).map { String(decoding: SampleResponses.key($0).hex, as: UTF8.self) }
        #expect(try await redis.command("ZRANGE", "reprise:index:tag:a%20b", "0", "-1") == keys[0])
        #expect(try await redis.command("ZCARD", "reprise:index:tag:c") == "2")
        #expect(try await redis.command("ZCARD", "reprise:index:model:gpt-test") == "3")
        #expect(
            try await redis.command("ZSCORE", "reprise:index:namespace:tests", keys[2]) == "inf")
        let credential = String(repeating: "07", count: 32)
        #expect(try await redis.command("ZCARD", "reprise:index:credential:\(credential)") == "3")
        #expect(try await redis.command("PTTL", "reprise:index:namespace:tests") == "-1")
        let left = try #require(Int(try await redis.command("PTTL", "reprise:index:tag:c")))
        #expect(left > 0 && left <= 1_000_000_001)
    }

    @Test func refusedIndexKeepsNothingFromBeingStored() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock, logger: log.logger)
        try await upstash.redis.command("ACL", "SETUSER", "default", "-eval")
        #expect(await store.saving(1, "one") == .done)
        #expect(await store.saving(2, "two") == .done)
        #expect(await store.loading(1) == .text("one"))
        #expect(log.messages(containing: "refuses the purge index").count == 1)
        try await upstash.redis.command("ACL", "SETUSER", "default", "+eval")
        #expect(await store.saving(3, "three") == .done)
        #expect(log.messages(containing: "takes the purge index again").count == 1)
    }

    @Test func noReplicaAnswersWithLessThanTheLastWrite() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
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

    @Test func manyEntriesGoInSeveralRequests() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        let text = [UInt8](repeating: 0x78, count: 400_000)
        try await store.save((1...5).map { SampleResponses.entry($0, text: text) })
        #expect(try await upstash.standIn.requests().count == 3)
        for number in 1...5 {
            #expect(try await store.load(SampleResponses.key(number))?.readableBytes == 400_000)
        }
    }

    @Test func entryThatUpstashFindsTooLargeIsLeftOut() async throws {
        let upstash = try await UpstashFixture(requestLimit: 1_300_000)
        let store = try upstash.store(clock: clock.wallClock)
        #expect(await store.saving(1, "old") == .done)
        #expect(await store.saving(2, "old") == .done)
        try await store.save([
            SampleResponses.entry(1, text: [UInt8](repeating: 0x78, count: 1_500_000)),
            SampleResponses.entry(2, text: Array("new".utf8)),
        ])
        #expect(await store.loading(1) == .text(nil))
        #expect(await store.loading(2) == .text("new"))
    }

    @Test func entryThatIsLargerThanEntriesMayBeIsNotRead() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        try await store.save([
            SampleResponses.entry(1, text: [UInt8](repeating: 0x78, count: 5_000_000))
        ])
        var limits = UpstashFixture.patient
        limits.maximumEntrySize = 1000
        let small = try upstash.store(clock: clock.wallClock, limits: limits)
        #expect(await small.loading(1) == .text(nil))
        #expect(await small.saving(2, "two") == .done)
        #expect(await small.loading(2) == .text("two"))
    }

    @Test func fullDatabaseIsTold() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        #expect(await store.saving(1, "one") == .done)
        try await upstash.redis.command("CONFIG", "SET", "maxmemory", "1")
        #expect(await store.saving(2, "two") == .failed(.full))
        #expect(await store.loading(1) == .text("one"))
        #expect(await store.removing(1) == .done)
        try await upstash.standIn.set(
            .answers(200, #"[{"error":"ERR DB capacity quota exceeded"}]"#))
        #expect(await store.removing(2) == .failed(.full))
    }

    @Test func leaseHasOneHolderUntilItEnds() async throws {
        let upstash = try await UpstashFixture()
        let store = try upstash.store(clock: clock.wallClock)
        let key = SampleResponses.key(1)
        let (first, second) = (LeaseHolder(), LeaseHolder())
        let minute = Duration.seconds(60)
        #expect(try await !store.isLeased(key))
        #expect(try await store.takeLease(of: key, for: first, lasting: minute))
        #expect(try await !store.takeLease(of: key, for: second, lasting: minute))
        #expect(try await store.isLeased(key))
        #expect(try await !store.renewLease(of: key, for: second, lasting: minute))
        try await store.endLease(of: key, for: second)
        #expect(try await store.renewLease(of: key, for: first, lasting: .seconds(600)))
        try await upstash.redis.passTime(minute)
        #expect(try await store.isLeased(key))
        try await store.endLease(of: key, for: first)
        #expect(try await !store.isLeased(key))
        #expect(try await store.takeLease(of: key, for: second, lasting: minute))
        try await upstash.redis.passTime(minute)
        #expect(try await store.takeLease(of: key, for: first, lasting: minute))
    }
}
