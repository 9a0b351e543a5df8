import RepriseCore
import RepriseStorage
import Synchronization
import Testing

struct MemoryTierTests {
    @Test func holdsReplacesAndRemoves() {
        let tier = MemoryTier(capacity: 1 << 20, now: { 0 })
        let key = SampleResponses.key(1)
        #expect(tier.response(for: key) == nil)
        let first = SampleResponses.response(1)
        tier.insert(first, for: key)
        #expect(tier.response(for: key) === first)
        let second = SampleResponses.response(1, version: 2)
        tier.insert(second, for: key)
        #expect(tier.response(for: key) === second)
        tier.remove(key)
        #expect(tier.response(for: key) == nil)
        #expect(tier.statistics.hits == 2)
        #expect(tier.statistics.misses == 2)
        #expect(tier.statistics.entries == 0)
        #expect(tier.statistics.bytes == 0)
    }

    @Test(arguments: [1, 4, 16])
    func staysWithinItsBytes(shards: Int) {
        let capacity = 400_000
        let tier = MemoryTier(capacity: capacity, shardCount: shards, now: { 0 })
        for number in 0..<1000 {
            tier.insert(
                SampleResponses.response(number, bytes: number * 7),
                for: SampleResponses.key(number))
            #expect(tier.statistics.bytes <= capacity)
        }
        #expect(tier.statistics.evictions > 0)
        #expect(tier.statistics.entries > 0)
    }

    @Test func responseLargerThanAShardIsNotAdmitted() {
        let tier = MemoryTier(capacity: 400_000, shardCount: 4, now: { 0 })
        let key = SampleResponses.key(1)
        #expect(!tier.insert(SampleResponses.response(1, bytes: 200_000), for: key))
        #expect(tier.response(for: key) == nil)
    }

    @Test func zeroCapacityKeepsNothing() {
        let tier = MemoryTier(capacity: 0, now: { 0 })
        tier.insert(SampleResponses.response(1), for: SampleResponses.key(1))
        #expect(tier.statistics.entries == 0)
    }

    @Test func responseLeavesWhenItsTimeIsOver() {
        let clock = SetClock()
        let tier = MemoryTier(capacity: 1 << 20, timeToLive: 60, now: clock.read)
        let key = SampleResponses.key(1)
        tier.insert(SampleResponses.response(1), for: key)
        clock.advance(by: .milliseconds(59_999))
        #expect(tier.response(for: key) != nil)
        clock.advance(by: .milliseconds(1))
        #expect(tier.response(for: key) == nil)
        #expect(tier.statistics.entries == 0)
    }

    @Test func costCountsBodyMetadataAndOverhead() {
        let small = SampleResponses.response(1, bytes: 100)
        let large = SampleResponses.response(1, bytes: 100_000)
        #expect(small.cost >= StoredResponse.overhead + 100 + "content-type".utf8.count)
        #expect(large.cost - small.cost >= 99_900)
    }

    @Test func bodyInALargeStorageDoesNotKeepItAlive() {
        var large = [UInt8](repeating: 1, count: 1 << 20)
        large.removeSubrange(10...)
        let response = StoredResponse(metadata: SampleResponses.response(1).metadata, body: large)
        #expect(response.body == large)
        #expect(response.cost < 4096)
    }

    @Test func fingerprintLeadsToWhatWasLearnt() {
        let tier = MemoryTier(capacity: 1 << 20, now: { 0 })
        let key = SampleResponses.key(1)
        let head = Array("head".utf8)
        let body = Array("body".utf8)
        let fingerprint = tier.fingerprint(head: head.span, body: body.span)
        let other = tier.fingerprint(head: body.span, body: head.span)
        #expect(tier.key(for: fingerprint) == nil)
        tier.learn(fingerprint, for: key)
        #expect(tier.key(for: fingerprint) == key)
        #expect(tier.response(for: fingerprint) == nil)
        let response = SampleResponses.response(1)
        tier.insert(response, for: key)
        #expect(tier.response(for: fingerprint) === response)
        #expect(tier.response(for: other) == nil)
    }

    @Test func fingerprintsAreBounded() {
        // A 32nd of the capacity, at 192 bytes each.
        let tier = MemoryTier(capacity: 32 * 192 * 10, now: { 0 })
        let fingerprints = (0..<100).map { number in
            let body = Array("request \(number)".utf8)
            return tier.fingerprint(head: body.span, body: body.span)
        }
        for (number, fingerprint) in fingerprints.enumerated() {
            tier.learn(fingerprint, for: SampleResponses.key(number))
        }
        let known = fingerprints.count { tier.key(for: $0) != nil }
        #expect(known > 0 && known <= 10)
    }

    @Test func manyThreadsSeeOnlyWhatWasInserted() async {
        let tier = MemoryTier(capacity: 200_000, shardCount: 4, now: { 0 })
        let responses = (0..<200).map { SampleResponses.response($0, bytes: 500 + $0) }
        let keys = (0..<200).map { SampleResponses.key($0) }
        let wrong = await withTaskGroup(of: Int.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var random = SplitMix(state: UInt64(seed))
                    var wrong = 0
                    for _ in 0..<3000 {
                        let number = Int(random.next() % 200)
                        switch random.next() % 8 {
                        case 0: tier.remove(keys[number])
                        case 1, 2: tier.insert(responses[number], for: keys[number])
                        default:
                            let found = tier.response(for: keys[number])
                            if let found, found !== responses[number] { wrong += 1 }
                        }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(tier.statistics.bytes <= 200_000)
    }
}

/// A time of day that a test sets.
final class SetClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_700_000_000_000)

    func read() -> Int64 { milliseconds.load(ordering: .relaxed) }

    func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        milliseconds.add(seconds * 1000 + attoseconds / 1_000_000_000_000_000, ordering: .relaxed)
    }
}
