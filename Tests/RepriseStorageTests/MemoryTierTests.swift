import NIOCore
import RepriseCore
import RepriseStorage
import RepriseTesting
import Testing

struct MemoryTierTests {
    @Test func holdsReplacesAndRemoves() {
        let tier = MemoryTier(capacity: 1 << 20)
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
        let tier = MemoryTier(capacity: capacity, shardCount: shards)
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
        let tier = MemoryTier(capacity: 400_000, shardCount: 4)
        let key = SampleResponses.key(1)
        #expect(!tier.insert(SampleResponses.response(1, bytes: 200_000), for: key))
        #expect(tier.response(for: key) == nil)
    }

    @Test func zeroCapacityKeepsNothing() {
        let tier = MemoryTier(capacity: 0)
        tier.insert(SampleResponses.response(1), for: SampleResponses.key(1))
        #expect(tier.statistics.entries == 0)
    }

    @Test func responseLeavesWhenItsTimeIsOver() {
        let clock = ManualClock()
        let tier = MemoryTier(capacity: 1 << 20, timeToLive: 60, clock: clock.wallClock)
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
        #expect(small.cost >= CachedResponse.overhead + 100 + "content-type".utf8.count)
        #expect(large.cost - small.cost >= 99_900)
    }

    @Test func sliceOfALargeBufferDoesNotKeepItAlive() throws {
        let large = ByteBuffer(repeating: 1, count: 1 << 20)
        let slice = try #require(large.getSlice(at: 5, length: 10))
        let response = CachedResponse(
            metadata: SampleResponses.response(1).metadata, body: slice)
        #expect(response.body == slice)
        #expect(response.cost < 4096)
    }

    @Test func manyThreadsSeeOnlyWhatWasInserted() async {
        let tier = MemoryTier(capacity: 200_000, shardCount: 4)
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
