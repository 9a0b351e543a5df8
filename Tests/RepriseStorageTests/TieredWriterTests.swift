import RepriseCore
import RepriseLogging
import RepriseNetwork
import Synchronization
import Testing

@testable import RepriseStorage

struct TieredWriterTests {
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let faulty = FaultyStore()

    private func tiered(
        starts: Bool = true, _ change: (inout TieredStore.Limits) -> Void = { _ in }
    ) -> TieredStore {
        var limits = TieredStore.Limits()
        change(&limits)
        let store = TieredStore(
            memory: MemoryTier(capacity: 1 << 20, now: { 0 }), persistent: faulty, limits: limits,
            network: network, logger: log.logger)
        if starts { store.start() }
        return store
    }

    private func commit(_ numbers: Range<Int>, to store: TieredStore) {
        for number in numbers {
            store.commit(SampleResponses.key(number), SampleResponses.response(number))
        }
    }

    private func stored(_ numbers: Range<Int>) -> Int {
        numbers.count { faulty.text(SampleResponses.key($0)) != nil }
    }

    private func lookUp(_ store: TieredStore, _ key: CacheKey) -> StoredResponse? {
        var answer: StoredResponse?
        if case .found(let response) = store.lookUp(key, on: network.loop, { answer = $0 }) {
            return response
        }
        network.run()
        return answer
    }

    /// Closes a store.
    ///
    /// - Returns: What it says is unwritten; nil while it has not said so.
    private func close(
        _ store: TieredStore, within limit: Duration = .seconds(10)
    ) -> Ending {
        let ending = Ending()
        store.close(within: limit) { unwritten in
            ending.unwritten.withLock { $0.append(unwritten) }
        }
        network.run()
        return ending
    }

    private final class Ending: Sendable {
        let unwritten = Mutex<[Int]>([])
        var all: [Int] { unwritten.withLock { $0 } }
    }

    @Test func committedEntriesReachTheStoreInBatches() {
        let store = tiered { $0.batchEntries = 10 }
        commit(0..<95, to: store)
        network.run()
        #expect(faulty.counts.largestSave == 10)
        network.advance(by: .milliseconds(5))
        #expect(stored(0..<95) == 95)
        #expect(faulty.counts.saves == 10)
        #expect(store.counters.writes == 95)
        #expect(store.counters.queuedWrites == 0)
        #expect(store.counters.queuedBytes == 0)
    }

    @Test func entriesThatComeTogetherAreWrittenTogether() {
        let store = tiered()
        for number in 0..<5 {
            commit(number..<number + 1, to: store)
            network.advance(by: .milliseconds(1))
        }
        #expect(faulty.counts.saves == 1)
        #expect(stored(0..<5) == 5)
    }

    @Test func nothingIsWrittenBeforeTheStart() {
        let store = tiered(starts: false)
        commit(0..<3, to: store)
        network.advance(by: .seconds(20))
        #expect(faulty.counts.saves == 0)
        store.start()
        network.advance(by: .milliseconds(5))
        #expect(stored(0..<3) == 3)
    }

    @Test(arguments: [true, false])
    func everythingIsFlushedAtTheEnd(starts: Bool) {
        let store = tiered(starts: starts) { $0.batchEntries = 7 }
        commit(0..<50, to: store)
        #expect(close(store).all == [0])
        #expect(stored(0..<50) == 50)
        #expect(faulty.counts.isClosed)
        #expect(network.workers.allSatisfy { $0.isStopped })
        #expect(log.messages(containing: "unwritten").isEmpty)
        // Whoever asks later is told the same.
        #expect(close(store).all == [0])
    }

    @Test func batchUnderWayIsWaitedForAtTheEnd() {
        let store = tiered()
        faulty.setWrites(.hangs)
        commit(0..<1, to: store)
        network.advance(by: .milliseconds(5))
        commit(1..<50, to: store)
        let ending = close(store)
        #expect(ending.all.isEmpty)
        faulty.setWrites(.works)
        faulty.release()
        network.run()
        #expect(ending.all == [0])
        #expect(stored(0..<50) == 50)
    }

    @Test func flushEndsAtItsDeadline() {
        let store = tiered { $0.batchEntries = 1 }
        faulty.setWrites(.hangs)
        commit(0..<5, to: store)
        let ending = close(store, within: .seconds(3))
        network.advance(by: .milliseconds(2999))
        #expect(ending.all.isEmpty)
        network.advance(by: .milliseconds(1))
        #expect(ending.all == [5])
        #expect(log.messages(containing: "Entries were left unwritten.").count == 1)
        #expect(log.fields(of: "unwritten") == [.init("entries", .integer(5))])
        #expect(faulty.counts.isClosed)
        faulty.release()
        network.advance(by: .seconds(60))
        #expect(ending.all == [5])
    }

    @Test func storeThatFailsIsTriedOnceMoreAtTheEnd() {
        let store = tiered { $0.failureThreshold = 1 }
        faulty.setWrites(.down)
        commit(0..<1, to: store)
        network.advance(by: .milliseconds(5))
        #expect(store.counters.writeBreaker == .open)
        commit(1..<10, to: store)
        faulty.setWrites(.works)
        #expect(close(store).all == [0])
        #expect(stored(1..<10) == 9)
    }

    @Test func storeThatStillFailsAtTheEndIsLeft() {
        let store = tiered()
        faulty.setWrites(.down)
        commit(0..<10, to: store)
        // The saves that failed have become removals, which are left as well.
        #expect(close(store).all == [10])
        #expect(faulty.counts.saves == 1)
        #expect(faulty.counts.isClosed)
    }

    @Test func commitAfterTheEndIsCountedAsDropped() {
        let store = tiered()
        _ = close(store)
        commit(0..<3, to: store)
        #expect(store.counters.droppedWrites == 3)
        #expect(store.counters.queuedWrites == 0)
        #expect(store.memory.response(for: SampleResponses.key(1)) != nil)
        #expect(lookUp(store, SampleResponses.key(7)) == nil)
        #expect(faulty.counts.loads == 0)
    }

    @Test func slowStoreFillsTheQueueAndNoMore() {
        let store = tiered {
            $0.queueEntries = 20
            $0.batchEntries = 5
        }
        faulty.setWrites(.hangs)
        commit(0..<1, to: store)
        network.advance(by: .milliseconds(5))
        commit(1..<101, to: store)
        #expect(store.counters.droppedWrites == 80)
        #expect(store.counters.memory.entries == 101)
        faulty.setWrites(.works)
        faulty.release()
        _ = close(store)
        #expect(store.counters.writes == 21)
        #expect(stored(0..<101) == 21)
    }

    @Test func queueIsBoundedInBytes() {
        let limit = SampleResponses.response(0).cost * 10
        let store = tiered { $0.queueBytes = limit }
        commit(0..<30, to: store)
        #expect((limit / 2...limit).contains(store.counters.queuedBytes))
        #expect((15..<25).contains(store.counters.droppedWrites))
    }

    @Test func callThatHangsIsGivenUp() {
        let store = tiered()
        faulty.setWrites(.hangs)
        commit(0..<1, to: store)
        network.advance(by: .seconds(11))
        #expect(store.counters.droppedWrites == 1)
        #expect(store.counters.persistentErrors == 1)
        // What was given up comes to an end after all, and is not taken for the next call's.
        faulty.release()
        network.run()
        faulty.setWrites(.works)
        network.advance(by: .seconds(5))
        #expect(stored(0..<1) == 0)
        commit(1..<2, to: store)
        network.advance(by: .milliseconds(5))
        #expect(stored(1..<2) == 1)
    }

    @Test func fullStoreCostsWritesNotLookups() {
        let store = tiered { $0.failureThreshold = 2 }
        let old = SampleResponses.key(1000)
        faulty.plant(SampleResponses.response(1000).encoded(), old)
        faulty.setWrites(.full)
        for number in 0..<2 {
            commit(number..<number + 1, to: store)
            network.advance(by: .milliseconds(5))
        }
        #expect(faulty.counts.saves == 2)
        #expect(lookUp(store, old) != nil)
        #expect(store.counters.readBreaker == .closed)
        #expect(store.counters.writeBreaker == .open)

        faulty.setWrites(.works)
        network.advance(by: .seconds(60))
        #expect(faulty.counts.upkeeps > 0)
        #expect(store.counters.writeBreaker != .closed)
        commit(2..<3, to: store)
        network.advance(by: .seconds(5))
        #expect(store.counters.droppedWrites == 2)
        #expect(stored(0..<2) == 0)
        #expect(stored(2..<3) == 1)
        #expect(store.counters.writeBreaker == .closed)
    }

    @Test func storeThatRemovesButDoesNotSaveIsLeftAlone() {
        let store = tiered { $0.failureThreshold = 3 }
        faulty.setWrites(.full)
        for number in 0..<3 {
            commit(number..<number + 1, to: store)
            network.advance(by: .milliseconds(5))
            store.remove(SampleResponses.key(100 + number))
            network.advance(by: .milliseconds(5))
        }
        #expect(faulty.counts.removals >= 2)
        #expect(log.messages(containing: "responses wait in memory").count == 1)
        #expect(log.messages(containing: "works again").isEmpty)
    }

    @Test func probeRisksOneEntry() {
        let store = tiered { $0.failureThreshold = 1 }
        faulty.setWrites(.full)
        commit(0..<1, to: store)
        network.advance(by: .milliseconds(5))
        commit(1..<51, to: store)
        network.advance(by: .seconds(5))
        #expect(faulty.counts.saves == 2)
        #expect(faulty.counts.largestSave == 1)
        faulty.setWrites(.works)
        network.advance(by: .seconds(10))
        #expect(store.counters.droppedWrites == 2)
        #expect(stored(0..<51) == 49)
    }

    @Test func storeThatIsDownIsTriedAgainByTheClock() {
        let store = tiered { $0.failureThreshold = 1 }
        faulty.setWrites(.down)
        commit(0..<1, to: store)
        network.advance(by: .milliseconds(5))
        faulty.setWrites(.works)
        network.advance(by: .seconds(5))
        // The save that failed became a removal, which was waiting for this.
        #expect(faulty.counts.removals == 1)
        #expect(faulty.counts.upkeeps == 1)
        // That it removes is no proof that it stores.
        #expect(log.messages(containing: "works again").isEmpty)
        commit(1..<2, to: store)
        network.advance(by: .seconds(5))
        #expect(stored(1..<2) == 1)
        #expect(log.messages(containing: "responses wait in memory").count == 1)
        #expect(log.messages(containing: "works again; writes use it").count == 1)
    }

    @Test func storeWithoutAPersistentTierIsMemoryOnly() {
        let store = TieredStore(
            memory: MemoryTier(capacity: 1 << 20, now: { 0 }), persistent: nil, network: network,
            logger: log.logger)
        store.start()
        commit(0..<1, to: store)
        #expect(lookUp(store, SampleResponses.key(0)) != nil)
        #expect(lookUp(store, SampleResponses.key(1)) == nil)
        store.remove(SampleResponses.key(0))
        #expect(lookUp(store, SampleResponses.key(0)) == nil)
        #expect(close(store).all == [0])
        #expect(store.counters.droppedWrites == 0)
        #expect(network.workers.isEmpty)
    }
}
