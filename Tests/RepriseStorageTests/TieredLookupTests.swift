import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

struct TieredLookupTests {
    private let clock = ManualClock()
    private let log = LogRecorder()
    private let faulty = FaultyStore()
    private let key = SampleResponses.key(1)
    private let response = SampleResponses.response(1)

    /// - Parameter memory: At 0 every lookup goes on to the persistent store.
    private func tiered(memory: Int = 1 << 20) -> TieredStore {
        TieredStore(
            memory: MemoryTier(capacity: memory), persistent: faulty, clock: clock.wallClock,
            logger: log.logger)
    }

    @Test func memoryAnswersWithoutTheStore() async {
        let store = tiered()
        store.commit(key, response)
        #expect(await store.lookup(key) === response)
        #expect(store.memoryLookup(key) === response)
        #expect(faulty.loads.count == 0)
    }

    @Test func storeAnswersAndFillsMemory() async {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        let found = await store.lookup(key)
        #expect(found?.body == response.body)
        #expect(found?.metadata == response.metadata)
        #expect(store.memoryLookup(key) === found)
        #expect(await store.lookup(key) === found)
        #expect(faulty.loads.count == 1)
        #expect(store.counters.persistentHits == 1)
    }

    @Test func missIsCounted() async {
        let store = tiered()
        #expect(await store.lookup(key) == nil)
        #expect(store.counters.persistentMisses == 1)
        #expect(store.counters.memory.misses == 1)
    }

    @Test func storeThatIsDownIsAMissAndLeftAloneForAWhile() async {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.down)
        for _ in 0..<20 { #expect(await store.lookup(key) == nil) }
        #expect(faulty.loads.count == 5)
        #expect(store.counters.persistentErrors == 5)
        #expect(store.counters.readBreaker == .open)
        #expect(store.counters.writeBreaker == .closed)
        #expect(log.messages == ["warning: The faulty store fails; lookups go on without it."])

        faulty.setLoads(.works)
        clock.advance(by: .milliseconds(999))
        #expect(await store.lookup(key) == nil)
        clock.advance(by: .milliseconds(1))
        #expect(await store.lookup(key)?.body == response.body)
        #expect(store.counters.readBreaker == .closed)
        #expect(log.messages.last == "notice: The faulty store works again; lookups use it.")
        #expect(log.messages.count == 2)
    }

    @Test func storeThatHangsIsGivenUpAtTheDeadline() async {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        async let found = store.lookup(key)
        await faulty.loads.reaches(1)
        await clock.untilSleeping(for: .milliseconds(50))
        clock.advance(by: .milliseconds(50))
        #expect(await found == nil)
        #expect(store.counters.persistentTimeouts == 1)
        #expect(store.counters.persistentErrors == 0)
    }

    @Test func lookupOfACancelledTaskIsNoFailureOfTheStore() async {
        let store = tiered()
        faulty.setLoads(.hangs)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { #expect(await store.lookup(key) == nil) } }
            await faulty.loads.reaches(10)
            group.cancelAll()
        }
        #expect(store.counters.readBreaker == .closed)
        #expect(store.counters.persistentErrors == 0)
        #expect(store.counters.persistentTimeouts == 0)
    }

    @Test func rubbishIsAMissAndIsRemoved() async throws {
        let store = tiered()
        faulty.plant(ByteBuffer(string: "not an entry"), key)
        #expect(await store.lookup(key) == nil)
        #expect(store.counters.persistentCorrupt == 1)
        #expect(store.counters.readBreaker == .closed)
        // Not asked for again even before it has been removed.
        #expect(await store.lookup(key) == nil)
        #expect(faulty.loads.count == 1)
        try await writing(store) { await faulty.written.reaches(1) }
        #expect(faulty.text(key) == nil)
    }

    @Test func bodyWithAnotherDigestIsAMissAndIsRemoved() async throws {
        let store = tiered()
        var bytes = Array(response.encoded().readableBytesView)
        bytes[bytes.count - 1] ^= 1
        faulty.plant(ByteBuffer(bytes: bytes), key)
        #expect(await store.lookup(key) == nil)
        #expect(store.counters.persistentCorrupt == 1)
        try await writing(store) { await faulty.written.reaches(1) }
        #expect(faulty.text(key) == nil)
    }

    @Test func everyTruncationOfAnEntryIsAMiss() {
        let text = response.encoded()
        for length in 0..<text.readableBytes {
            #expect(CachedResponse.decode(text.getSlice(at: 0, length: length) ?? text) == nil)
        }
        #expect(CachedResponse.decode(text) != nil)
    }

    // MARK: - Races

    @Test func entryThatWaitsToBeWrittenIsFound() async {
        let store = tiered(memory: 0)
        store.commit(key, response)
        #expect(await store.lookup(key) === response)
        #expect(faulty.loads.count == 0)
    }

    @Test func entryThatIsBeingWrittenIsFound() async throws {
        let store = tiered(memory: 0)
        faulty.setWrites(.hangs)
        store.commit(key, response)
        try await writing(store) {
            await faulty.saves.reaches(1)
            #expect(await store.lookup(key) === response)
            faulty.setWrites(.works)
            faulty.release()
            await faulty.written.reaches(1)
        }
    }

    @Test func removalHoldsBeforeItReachesTheStore() async {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        store.remove(key)
        #expect(await store.lookup(key) == nil)
        #expect(faulty.loads.count == 0)
    }

    @Test func removalUndoesACommitThatWaits() async throws {
        let store = tiered()
        store.commit(key, response)
        store.remove(key)
        #expect(await store.lookup(key) == nil)
        try await writing(store) { await faulty.written.reaches(1) }
        #expect(faulty.text(key) == nil)
        #expect(faulty.saves.count == 0)
    }

    @Test(arguments: [0, 1 << 20])
    func commitDuringALoadWins(memory: Int) async {
        let store = tiered(memory: memory)
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        async let found = store.lookup(key)
        await faulty.loads.reaches(1)
        let newer = SampleResponses.response(1, version: 2)
        store.commit(key, newer)
        faulty.release()
        #expect(await found === newer)
        #expect(await store.lookup(key) === newer)
    }

    @Test func commitThatIsWrittenDuringALoadWins() async throws {
        let store = tiered(memory: 0)
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        let newer = SampleResponses.response(1, version: 2)
        try await writing(store) {
            async let found = store.lookup(key)
            await faulty.loads.reaches(1)
            store.commit(key, newer)
            await faulty.written.reaches(1)
            faulty.release()
            #expect(await found === newer)
        }
    }

    @Test func removalDuringALoadWins() async {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        async let found = store.lookup(key)
        await faulty.loads.reaches(1)
        store.remove(key)
        faulty.release()
        #expect(await found == nil)
        #expect(store.memoryLookup(key) == nil)
        #expect(await store.lookup(key) == nil)
    }

    @Test func rubbishThatANewerCommitReplacesIsNotRemoved() async throws {
        let store = tiered()
        faulty.plant(ByteBuffer(string: "not an entry"), key)
        faulty.setLoads(.hangs)
        async let found = store.lookup(key)
        await faulty.loads.reaches(1)
        store.commit(key, response)
        faulty.release()
        #expect(await found === response)
        try await writing(store) { await faulty.written.reaches(1) }
        #expect(faulty.text(key) == response.encoded())
        #expect(faulty.removals.count == 0)
    }

    @Test func olderEntryDoesNotComeBackWhenTheNewerOneCouldNotBeWritten() async throws {
        let store = tiered(memory: 0)
        faulty.plant(response.encoded(), key)
        faulty.setWrites(.down)
        try await writing(store) {
            store.commit(key, SampleResponses.response(1, version: 2))
            await faulty.saves.reaches(1)
            // The save is settled once the writer goes on to its next attempt.
            store.commit(SampleResponses.key(2), SampleResponses.response(2))
            await faulty.saves.reaches(2)
            #expect(await store.lookup(key) == nil)
            #expect(faulty.loads.count == 0)
        }
    }

    @Test func lookupsCommitsAndRemovalsTogetherNeverGoBack() async throws {
        let store = tiered(memory: 20_000)
        try await writing(store) {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let key = SampleResponses.key(number)
                        for version in 1...200 {
                            let newest = SampleResponses.response(number, version: version)
                            store.commit(key, newest)
                            // Others press it out of memory and ask for it at the same time.
                            store.commit(
                                SampleResponses.key(100 + version * 4 + number),
                                SampleResponses.response(0, bytes: 3000))
                            #expect(await store.lookup(key)?.body == newest.body)
                            if version % 10 == 0 {
                                store.remove(key)
                                #expect(await store.lookup(key) == nil)
                            }
                        }
                    }
                    group.addTask {
                        for _ in 0..<400 { _ = await store.lookup(SampleResponses.key(number)) }
                    }
                }
            }
        }
    }

    /// Runs the writer for as long as `body` runs, and then lets it flush.
    private func writing(_ store: TieredStore, _ body: () async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
