import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

/// What a flight asks of the store for the sake of other servers.
@Suite(.timeLimit(.minutes(5)))
struct TieredLeaseTests {
    private let clock = ManualClock()
    private let log = LogRecorder()
    private let faulty = FaultyStore()
    private let key = SampleResponses.key(1)
    private let response = SampleResponses.response(1)
    private let holder = LeaseHolder()

    private func tiered(
        failureThreshold: Int = 5, queueEntries: Int = 10
    ) -> TieredStore {
        var limits = TieredStore.Limits()
        limits.failureThreshold = failureThreshold
        limits.queueEntries = queueEntries
        return TieredStore(
            memory: MemoryTier(capacity: 1 << 20), persistent: faulty, name: "faulty://here",
            limits: limits, clock: clock.wallClock, logger: log.logger)
    }

    private func take(_ store: TieredStore) async -> TieredStore.LeaseAnswer {
        await store.takeLease(of: key, for: holder, lasting: .seconds(1))
    }

    @Test func leaseIsTakenHeldAndEnded() async {
        let store = tiered()
        #expect(store.isLeasing)
        #expect(await take(store) == .taken)
        #expect(await take(store) == .held)
        #expect(await store.renewLease(of: key, for: holder, lasting: .seconds(1)))
        #expect(!(await store.renewLease(of: key, for: LeaseHolder(), lasting: .seconds(1))))
        await store.endLease(of: key, for: LeaseHolder())
        #expect(faulty.holder(of: key) == holder)
        await store.endLease(of: key, for: holder)
        #expect(faulty.holder(of: key) == nil)
    }

    @Test func storeThatGivesNoLeasesIsLeftAloneForAWhile() async {
        let store = tiered()
        faulty.setLeases(.down)
        for _ in 0..<20 { #expect(await take(store) == .unavailable) }
        #expect(faulty.leaseCalls.count == 5)
        #expect(store.counters.persistentErrors == 5)
        #expect(store.counters.readBreaker == .closed)
        #expect(
            log.messages == [
                "warning: The faulty store fails; each server makes its own upstream calls."
            ])
        clock.advance(by: .seconds(1))
        faulty.setLeases(.works)
        #expect(await take(store) == .taken)
        #expect(log.messages.last == "notice: The faulty store works again; leases use it.")
    }

    @Test func storeThatIsFullIsNotLeftAloneWithLeases() async {
        let store = tiered(failureThreshold: 1)
        faulty.setLeases(.full)
        #expect(await take(store) == .unavailable)
        faulty.setLeases(.works)
        #expect(await take(store) == .taken)
        #expect(log.messages.isEmpty)
    }

    @Test func storeWhoseLookupsFailIsNotAskedForLeases() async {
        let store = tiered(failureThreshold: 1)
        faulty.setLoads(.down)
        #expect(await store.lookup(key) == nil)
        #expect(await take(store) == .unavailable)
        #expect(faulty.leaseCalls.count == 0)
    }

    @Test func inspectionLooksPastMemoryAndFillsIt() async {
        let store = tiered()
        store.memory.insert(response, for: key)
        let newer = SampleResponses.response(1, version: 2)
        faulty.plant(newer.encoded(), key)
        guard case .found(let found) = await store.inspect(key) else {
            Issue.record("the store has an entry")
            return
        }
        #expect(found.body == newer.body)
        #expect(store.memoryLookup(key) === found)
        #expect(store.counters.persistentHits == 1)
    }

    @Test func inspectionTellsNothingFromFailure() async {
        let store = tiered(failureThreshold: 1)
        guard case .nothing = await store.inspect(key) else {
            Issue.record("the store has nothing")
            return
        }
        #expect(store.counters.persistentMisses == 0)
        faulty.setLoads(.down)
        for _ in 0..<2 {
            // The second time the store is not asked any more.
            guard case .failed = await store.inspect(key) else {
                Issue.record("the store fails")
                return
            }
        }
        #expect(faulty.loads.count == 2)
    }

    @Test func waitEndsWhenTheResponseIsWritten() async throws {
        let store = tiered()
        faulty.setWrites(.hangs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            store.commit(key, response)
            await faulty.saves.reaches(1)
            async let wait: Void = store.untilWritten(key, for: .seconds(7))
            await clock.untilSleeping(for: .seconds(7))
            faulty.release()
            await wait
            #expect(faulty.text(key) != nil)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func waitEndsWhenTheStoreFails() async throws {
        let store = tiered(failureThreshold: 1)
        faulty.setWrites(.down)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            store.commit(key, response)
            await store.untilWritten(key, for: .seconds(7))
            // Queued for when the store works again, which nobody waits for.
            await faulty.saves.reaches(1)
            store.commit(key, response)
            await store.untilWritten(key, for: .seconds(7))
            #expect(faulty.text(key) == nil)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func waitEndsWhenTheResponseWasDropped() async {
        let store = tiered(queueEntries: 0)
        store.commit(key, response)
        #expect(store.counters.droppedWrites == 1)
        await store.untilWritten(key, for: .seconds(7))
    }

    @Test func waitEndsAtItsLimit() async {
        let store = tiered()
        store.commit(key, response)
        async let wait: Void = store.untilWritten(key, for: .seconds(7))
        await clock.untilSleeping(for: .seconds(7))
        clock.advance(by: .seconds(7))
        await wait
        #expect(store.counters.queuedWrites == 1)
    }

    @Test func waitEndsWithTheWriter() async throws {
        let store = tiered()
        faulty.setWrites(.hangs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            store.commit(key, response)
            await faulty.saves.reaches(1)
            // Waits behind the batch that hangs, beyond the time for flushing.
            let other = SampleResponses.key(2)
            store.commit(other, response)
            async let wait: Void = store.untilWritten(other, for: .seconds(70))
            await clock.untilSleeping(for: .seconds(70))
            group.cancelAll()
            clock.advance(by: .seconds(60))
            faulty.release()
            await wait
            try await group.waitForAll()
        }
        #expect(store.counters.queuedWrites == 1)
    }
}
