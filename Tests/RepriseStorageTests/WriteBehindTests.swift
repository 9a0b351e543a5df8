import RepriseCore
import Testing

@testable import RepriseStorage

struct WriteBehindTests {
    private func queue(
        entries: Int = 100, bytes: Int = 1 << 20, removals: Int = 100
    ) -> WriteBehind {
        WriteBehind(entryLimit: entries, byteLimit: bytes, removalLimit: removals)
    }

    private func version(_ operation: WriteBehind.Operation?) -> StoredResponse? {
        if case .save(let response) = operation { response } else { nil }
    }

    private func isRemoval(_ operation: WriteBehind.Operation?) -> Bool {
        if case .remove = operation { true } else { false }
    }

    @Test func lastWriteOfAKeyCounts() {
        var queue = queue()
        let key = SampleResponses.key(1)
        let newest = SampleResponses.response(1, version: 3)
        queue.save(SampleResponses.response(1), for: key)
        queue.remove(key)
        queue.save(SampleResponses.response(1, version: 2), for: key)
        queue.save(newest, for: key)
        #expect(queue.count == 1)
        #expect(queue.bytes == newest.cost)
        let batch = queue.nextBatch(entries: 10, bytes: 1 << 20)
        #expect(batch.saves.count == 1)
        #expect(batch.saves.first?.response === newest)
        #expect(batch.removals.isEmpty)
        queue.finish(savesFailed: false, removalsFailed: false)
        #expect(queue.bytes == 0)
        #expect(queue.pending(key) == nil)
    }

    @Test func batchStaysVisibleUntilItIsFinished() {
        var queue = queue()
        let first = SampleResponses.response(1)
        queue.save(first, for: SampleResponses.key(1))
        queue.remove(SampleResponses.key(2))
        let batch = queue.nextBatch(entries: 10, bytes: 1 << 20)
        #expect(batch.saves.map(\.key) == [SampleResponses.key(1)])
        #expect(batch.removals == [SampleResponses.key(2)])
        #expect(version(queue.pending(SampleResponses.key(1))) === first)
        #expect(isRemoval(queue.pending(SampleResponses.key(2))))
        let second = SampleResponses.response(1, version: 2)
        queue.save(second, for: SampleResponses.key(1))
        #expect(version(queue.pending(SampleResponses.key(1))) === second)
        queue.finish(savesFailed: false, removalsFailed: false)
        #expect(version(queue.pending(SampleResponses.key(1))) === second)
        #expect(queue.pending(SampleResponses.key(2)) == nil)
    }

    @Test func saveBeyondTheEntryLimitBecomesARemoval() {
        var queue = queue(entries: 2)
        for number in 1...3 {
            let isQueued = queue.save(
                SampleResponses.response(number), for: SampleResponses.key(number))
            #expect(isQueued == (number < 3))
        }
        #expect(queue.dropped == 1)
        #expect(isRemoval(queue.pending(SampleResponses.key(3))))
        let batch = queue.nextBatch(entries: 10, bytes: 1 << 20)
        #expect(batch.saves.count == 2)
        #expect(batch.removals == [SampleResponses.key(3)])
    }

    @Test func bytesUnderWayCountTowardsTheLimit() {
        let response = SampleResponses.response(1, bytes: 10_000)
        var queue = queue(bytes: response.cost * 2)
        queue.save(response, for: SampleResponses.key(1))
        queue.save(response, for: SampleResponses.key(2))
        _ = queue.nextBatch(entries: 1, bytes: 1 << 20)
        #expect(queue.save(response, for: SampleResponses.key(3)) == false)
        queue.finish(savesFailed: false, removalsFailed: false)
        #expect(queue.save(response, for: SampleResponses.key(3)) == true)
        #expect(queue.bytes == response.cost * 2)
    }

    @Test func replacementThatFindsNoRoomRemovesTheOlderOne() {
        let small = SampleResponses.response(1, bytes: 10)
        var queue = queue(bytes: small.cost)
        queue.save(small, for: SampleResponses.key(1))
        queue.save(SampleResponses.response(1, bytes: 10_000), for: SampleResponses.key(1))
        #expect(isRemoval(queue.pending(SampleResponses.key(1))))
        #expect(queue.bytes == 0)
        #expect(queue.count == 1)
    }

    @Test func removalsAreBoundedToo() {
        var queue = queue(removals: 5)
        for number in 0..<20 { queue.remove(SampleResponses.key(number)) }
        #expect(queue.count == 5)
        for number in 0..<5 { queue.remove(SampleResponses.key(number)) }
        #expect(queue.count == 5)
    }

    @Test func failedSaveBecomesARemovalUnlessANewerWriteWaits() {
        var queue = queue()
        queue.save(SampleResponses.response(1), for: SampleResponses.key(1))
        queue.save(SampleResponses.response(2), for: SampleResponses.key(2))
        _ = queue.nextBatch(entries: 10, bytes: 1 << 20)
        let newer = SampleResponses.response(2, version: 2)
        queue.save(newer, for: SampleResponses.key(2))
        queue.finish(savesFailed: true, removalsFailed: false)
        #expect(isRemoval(queue.pending(SampleResponses.key(1))))
        #expect(version(queue.pending(SampleResponses.key(2))) === newer)
        #expect(queue.dropped == 2)
        #expect(queue.bytes == newer.cost)
    }

    @Test func failedRemovalWaitsForAnotherTry() {
        var queue = queue()
        queue.remove(SampleResponses.key(1))
        _ = queue.nextBatch(entries: 10, bytes: 1 << 20)
        queue.finish(savesFailed: false, removalsFailed: true)
        #expect(isRemoval(queue.pending(SampleResponses.key(1))))
        #expect(queue.count == 1)
    }

    @Test func batchesAreBoundedInBytesAndKeepTheOrder() {
        var queue = queue()
        let response = SampleResponses.response(1, bytes: 10_000)
        for number in 0..<5 { queue.save(response, for: SampleResponses.key(number)) }
        var batches: [[CacheKey]] = []
        while true {
            let batch = queue.nextBatch(entries: 100, bytes: response.cost * 2)
            if batch.isEmpty { break }
            batches.append(batch.saves.map(\.key))
            queue.finish(savesFailed: false, removalsFailed: false)
        }
        #expect(batches.map(\.count) == [2, 2, 1])
        #expect(batches.flatMap { $0 } == (0..<5).map { SampleResponses.key($0) })
        #expect(queue.bytes == 0)
    }

    @Test func entryLargerThanABatchIsWrittenAlone() {
        var queue = queue()
        queue.save(SampleResponses.response(1, bytes: 50_000), for: SampleResponses.key(1))
        #expect(queue.nextBatch(entries: 100, bytes: 10).saves.count == 1)
    }
}
