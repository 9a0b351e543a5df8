import Foundation
import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

@Suite(.serialized)
struct WorkersKVStoreTests {
    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        try await withClockedNetwork { network in
            let kv = try await WorkersKVFixture(network)
            let suite = StoreConformance(
                network: network, passTime: { try await kv.passTime($0) },
                open: { try kv.store().store })
            let failures = try await suite.failures(of: check)
            #expect(failures == [])
        }
    }

    @Test func batchIsOneCallForWritingAndOneForRemoving() async throws {
        try await withWorkersKV { (store, kv) async throws in
            try await store.save((1...50).map { SampleResponses.entry($0, text: [UInt8($0)]) })
            try await store.remove(Array(1...50))
            let path = WorkersKVFixture.path
            #expect(
                try await kv.standIn.requests() == ["PUT \(path)/bulk", "POST \(path)/bulk/delete"])
            #expect(try await kv.keys().isEmpty)
        }
    }

    @Test func lookupIsOneCallUntilTheLastMinuteOfAnEntry() async throws {
        try await withWorkersKV { (store, kv) async throws in
            let end = kv.network.loops[0].wallClock + 100_000
            try await store.save([SampleResponses.entry(1, text: [1], retainedUntil: end)])
            #expect(await store.loading(1) == .text("\u{1}"))
            #expect(await store.loading(2) == .text(nil))
            #expect(try await kv.standIn.requests().count == 3)
            kv.network.advance(by: 40_000)
            #expect(await store.loading(1) == .text("\u{1}"))
            let requests = try await kv.standIn.requests()
            #expect(requests.count == 5)
            #expect(
                requests.last?.hasPrefix("GET \(WorkersKVFixture.path)/metadata/reprise%3A") == true
            )
        }
    }

    @Test func labelsCanBeListedWithoutReadingValues() async throws {
        try await withWorkersKV { (store, kv) async throws in
            let end = kv.network.loops[0].wallClock + 100_500
            try await store.save([
                SampleResponses.entry(
                    1, text: [1], retainedUntil: end, tags: [Array("a b".utf8), [0xFF, 0]])
            ])
            let key = try #require(try await kv.keys().first)
            #expect(key["name"] as? String == kv.name(1))
            #expect(key["expiration"] as? Int64 == (end + 500) / 1000)
            let metadata = try #require(key["metadata"] as? [String: Any])
            #expect(metadata["until"] as? Int64 == end)
            #expect(
                metadata["labels"] as? [String] == [
                    "credential:" + String(repeating: "07", count: 32), "namespace:tests",
                    "model:gpt-test", "tag:%FF%00", "tag:a%20b",
                ])
        }
    }

    @Test func entryOfTheWorkerIsFoundUntilItExpires() async throws {
        try await withWorkersKV { (store, kv) async throws in
            try await kv.put(1, "one", seconds: 60)
            #expect(await store.loading(1) == .text("one"))
            kv.network.advance(by: 59_000)
            #expect(await store.loading(1) == .text("one"))
            // KV may still serve what has expired a moment ago.
            kv.network.advance(by: 1000)
            #expect(await store.loading(1) == .text(nil))
        }
    }

    @Test func entryThatIsTooLargeForKVIsLeftOut() async throws {
        try await withWorkersKV { (store, kv) async throws in
            #expect(await store.saving(1, "old") == .done)
            let text = [UInt8](repeating: 0x78, count: WorkersKVStore.valueLimit + 1)
            var entry = SampleResponses.entry(1, text: [])
            entry.text = text
            try await store.save([entry, SampleResponses.entry(2, text: Array("two".utf8))])
            #expect(await store.loading(1) == .text(nil))
            #expect(await store.loading(2) == .text("two"))
        }
    }

    @Test func entryThatIsLargerThanEntriesMayBeIsNotRead() async throws {
        try await withWorkersKV { (store, kv) async throws in
            try await kv.put(1, String(repeating: "x", count: 5_000_000), seconds: 600)
            #expect(try await store.load(1)?.count == 5_000_000)
            var limits = patientRESTLimits
            limits.maximumEntrySize = 1000
            let small = try kv.store(limits: limits)
            #expect(await small.loading(1) == .text(nil))
            await small.close()
        }
    }

    @Test(
        arguments: [
            (nil, nil), (0, 60), (-5, 60), (59_999, 60), (60_000, 60), (60_001, 61),
            (86_400_000, 86_400),
            (Int64.max - 1_700_000_000_000, 3_153_600_000),
        ] as [(Int64?, Int64?)])
    func lifeIsNeverShorterThanRetentionNorThanKVTakes(left: Int64?, seconds: Int64?) {
        let now: Int64 = 1_700_000_000_000
        let entry = SampleResponses.entry(1, text: [1], retainedUntil: left.map { now + $0 })
        #expect(WorkersKVStore.life(of: entry, now: now) == seconds)
    }
}
