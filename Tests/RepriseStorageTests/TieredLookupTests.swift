import RepriseCore
import RepriseLogging
import RepriseNetwork
import Testing

@testable import RepriseStorage

struct TieredLookupTests {
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let faulty = FaultyStore()
    private let key = SampleResponses.key(1)
    private let response = SampleResponses.response(1)

    /// - Parameter memory: At 0 every lookup goes on to the persistent store.
    private func tiered(memory: Int = 1 << 20) -> TieredStore {
        let store = TieredStore(
            memory: MemoryTier(capacity: memory, now: { [network] in network.wallClock }),
            persistent: faulty, network: network, logger: log.logger)
        store.start()
        return store
    }

    /// A lookup that is asked and may be answered later.
    private final class Asked {
        enum Answer { case waits, found(StoredResponse), nothing }

        var answer = Answer.waits
        var attempt: (any LoopAttempt)?
        var completions = 0
        var response: StoredResponse? {
            if case .found(let response) = answer { response } else { nil }
        }
        var isOver: Bool { if case .waits = answer { false } else { true } }
    }

    private func ask(_ store: TieredStore, _ key: CacheKey) -> Asked {
        let asked = Asked()
        let lookup = store.lookUp(key, on: network.loop) { response in
            asked.completions += 1
            asked.answer = response.map { .found($0) } ?? .nothing
        }
        switch lookup {
        case .found(let response): asked.answer = .found(response)
        case .absent: asked.answer = .nothing
        case .pending(let attempt):
            #expect(asked.completions == 0, "called in the same turn")
            asked.attempt = attempt
        }
        return asked
    }

    private func lookUp(_ store: TieredStore, _ key: CacheKey) -> StoredResponse? {
        let asked = ask(store, key)
        network.run()
        #expect(asked.isOver)
        return asked.response
    }

    /// Lets the writer gather and write.
    private func write() { network.advance(by: .milliseconds(5)) }

    @Test func memoryAnswersWithoutTheStore() {
        let store = tiered()
        store.commit(key, response)
        #expect(ask(store, key).response === response)
        #expect(faulty.counts.loads == 0)
    }

    @Test func storeAnswersAndFillsMemory() {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        let found = lookUp(store, key)
        #expect(found?.body == response.body)
        #expect(found?.metadata == response.metadata)
        #expect(store.memory.response(for: key) === found)
        #expect(ask(store, key).response === found)
        #expect(faulty.counts.loads == 1)
        #expect(store.counters.persistentHits == 1)
    }

    @Test func longEntriesAreDecodedBesideTheLoop() {
        let store = tiered()
        let long = SampleResponses.response(1, bytes: 100_000)
        faulty.plant(long.encoded(), key)
        #expect(lookUp(store, key)?.body == long.body)
    }

    @Test func missIsCounted() {
        let store = tiered()
        #expect(lookUp(store, key) == nil)
        #expect(store.counters.persistentMisses == 1)
        #expect(store.counters.memory.misses == 1)
    }

    @Test func sureMissAsksNobody() {
        let store = tiered()
        faulty.setKnowsMisses()
        faulty.setLoads(.hangs)
        let asked = ask(store, key)
        #expect(asked.isOver && asked.response == nil)
        #expect(faulty.counts.loads == 0)
        #expect(store.counters.persistentMisses == 1)
        // What waits to be written is not missed, though the store lacks it.
        let store2 = tiered(memory: 0)
        store2.commit(key, response)
        #expect(ask(store2, key).response === response)
    }

    @Test func storeThatIsDownIsAMissAndLeftAloneForAWhile() {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.down)
        for _ in 0..<20 { #expect(lookUp(store, key) == nil) }
        #expect(faulty.counts.loads == 5)
        #expect(store.counters.persistentErrors == 5)
        #expect(store.counters.readBreaker == .open)
        #expect(store.counters.writeBreaker == .closed)
        #expect(log.messages == ["warning: The sqlite store fails; lookups go on without it."])
        #expect(
            log.fields(of: "fails")?.map(\.name.description) == [
                "store", "error", "next-attempt-ms",
            ])

        faulty.setLoads(.works)
        network.advance(by: .milliseconds(999))
        #expect(lookUp(store, key) == nil)
        network.advance(by: .milliseconds(1))
        #expect(lookUp(store, key)?.body == response.body)
        #expect(store.counters.readBreaker == .closed)
        #expect(log.messages.last == "notice: The sqlite store works again; lookups use it.")
        #expect(log.messages.count == 2)
    }

    @Test(arguments: ["sqlite", "redis", "upstash", "workers-kv"])
    func logNamesTheKindOfStore(kind: String) {
        let messages = StoreMessages(kind: kind)
        #expect(messages.lookupsFail.description.hasPrefix("The \(kind) store fails; lookups"))
        #expect(
            messages.writesFail.description.hasPrefix("The \(kind) store fails; responses wait"))
        #expect(
            messages.lookupsWork.description == "The \(kind) store works again; lookups use it.")
        #expect(messages.writesWork.description == "The \(kind) store works again; writes use it.")
    }

    @Test func storeThatHangsIsGivenUpAtTheDeadline() {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        let asked = ask(store, key)
        network.advance(by: .milliseconds(49))
        #expect(!asked.isOver)
        network.advance(by: .milliseconds(1))
        #expect(asked.isOver && asked.response == nil)
        #expect(faulty.counts.cancelled == 1)
        faulty.release()
        network.run()
        #expect(asked.completions == 1)
        #expect(store.counters.persistentTimeouts == 1)
        #expect(store.counters.persistentErrors == 0)
    }

    @Test func cancelledLookupIsNoFailureOfTheStore() {
        let store = tiered()
        faulty.setLoads(.hangs)
        let all = (0..<10).map { _ in ask(store, key) }
        for asked in all { asked.attempt?.cancel() }
        faulty.release()
        network.advance(by: .seconds(1))
        for asked in all {
            #expect(asked.completions == 0)
            asked.attempt?.cancel()
        }
        #expect(faulty.counts.cancelled == 10)
        #expect(store.counters.readBreaker == .closed)
        #expect(store.counters.persistentErrors == 0)
        #expect(store.counters.persistentTimeouts == 0)
    }

    @Test func cancelledProbeLeavesRoomForAnother() {
        let store = tiered()
        faulty.setLoads(.down)
        for _ in 0..<5 { _ = lookUp(store, key) }
        faulty.setLoads(.hangs)
        network.advance(by: .seconds(1))
        ask(store, key).attempt?.cancel()
        faulty.setLoads(.works)
        faulty.plant(response.encoded(), key)
        #expect(lookUp(store, key) != nil)
    }

    @Test func rubbishIsAMissAndIsRemoved() {
        let store = tiered()
        faulty.plant(Array("not an entry".utf8), key)
        #expect(lookUp(store, key) == nil)
        #expect(store.counters.persistentCorrupt == 1)
        #expect(store.counters.readBreaker == .closed)
        // Not asked for again even before it has been removed.
        #expect(lookUp(store, key) == nil)
        #expect(faulty.counts.loads == 1)
        write()
        #expect(faulty.text(key) == nil)
    }

    @Test func bodyWithAnotherDigestIsAMissAndIsRemoved() {
        let store = tiered()
        var bytes = response.encoded()
        bytes[bytes.count - 1] ^= 1
        faulty.plant(bytes, key)
        #expect(lookUp(store, key) == nil)
        #expect(store.counters.persistentCorrupt == 1)
        write()
        #expect(faulty.text(key) == nil)
    }

    @Test func everyTruncationOfAnEntryIsAMiss() {
        let text = response.encoded()
        for length in 0..<text.count {
            let part = Array(text.prefix(length))
            #expect(StoredResponse.decode(part.span) == nil)
        }
        #expect(StoredResponse.decode(text.span) != nil)
    }

    // MARK: - Races

    @Test func entryThatWaitsToBeWrittenIsFound() {
        let store = tiered(memory: 0)
        store.commit(key, response)
        #expect(ask(store, key).response === response)
        #expect(faulty.counts.loads == 0)
    }

    @Test func entryThatIsBeingWrittenIsFound() {
        let store = tiered(memory: 0)
        faulty.setWrites(.hangs)
        store.commit(key, response)
        write()
        #expect(faulty.counts.saves == 1)
        #expect(ask(store, key).response === response)
        faulty.setWrites(.works)
        faulty.release()
        network.run()
        #expect(lookUp(store, key)?.body == response.body)
        #expect(faulty.counts.loads == 1)
    }

    @Test func removalHoldsBeforeItReachesTheStore() {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        store.remove(key)
        #expect(ask(store, key).isOver)
        #expect(faulty.counts.loads == 0)
    }

    @Test func removalUndoesACommitThatWaits() {
        let store = tiered()
        store.commit(key, response)
        store.remove(key)
        #expect(lookUp(store, key) == nil)
        write()
        #expect(faulty.text(key) == nil)
        #expect(faulty.counts.saves == 0)
        #expect(faulty.counts.removals == 1)
    }

    @Test(arguments: [0, 1 << 20])
    func commitDuringALoadWins(memory: Int) {
        let store = tiered(memory: memory)
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        let asked = ask(store, key)
        let newer = SampleResponses.response(1, version: 2)
        store.commit(key, newer)
        faulty.release()
        network.run()
        #expect(asked.response === newer)
        #expect(lookUp(store, key) === newer)
    }

    @Test func commitThatIsWrittenDuringALoadWins() {
        let store = tiered(memory: 0)
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        let newer = SampleResponses.response(1, version: 2)
        let asked = ask(store, key)
        store.commit(key, newer)
        write()
        #expect(faulty.text(key) == newer.encoded())
        faulty.release()
        network.run()
        #expect(asked.response === newer)
    }

    @Test func removalDuringALoadWins() {
        let store = tiered()
        faulty.plant(response.encoded(), key)
        faulty.setLoads(.hangs)
        let asked = ask(store, key)
        store.remove(key)
        faulty.release()
        network.run()
        #expect(asked.isOver && asked.response == nil)
        #expect(store.memory.response(for: key) == nil)
        #expect(lookUp(store, key) == nil)
    }

    @Test func removalWhileALongEntryIsDecodedWins() throws {
        let store = tiered()
        faulty.plant(SampleResponses.response(1, bytes: 100_000).encoded(), key)
        let worker = try #require(network.workers.first)
        worker.isStuck = true
        let asked = ask(store, key)
        network.run()
        #expect(!asked.isOver)
        store.remove(key)
        worker.isStuck = false
        network.run()
        #expect(asked.isOver && asked.response == nil)
        #expect(store.memory.response(for: key) == nil)
    }

    @Test func rubbishThatANewerCommitReplacesIsNotRemoved() {
        let store = tiered()
        faulty.plant(Array("not an entry".utf8), key)
        faulty.setLoads(.hangs)
        let asked = ask(store, key)
        store.commit(key, response)
        faulty.release()
        network.run()
        #expect(asked.response === response)
        write()
        #expect(faulty.text(key) == response.encoded())
        #expect(faulty.counts.removals == 0)
    }

    @Test func olderEntryDoesNotComeBackWhenTheNewerOneCouldNotBeWritten() {
        let store = tiered(memory: 0)
        faulty.plant(response.encoded(), key)
        faulty.setWrites(.down)
        store.commit(key, SampleResponses.response(1, version: 2))
        write()
        #expect(faulty.counts.saves == 1)
        #expect(lookUp(store, key) == nil)
        #expect(faulty.counts.loads == 0)
    }

    @Test func clockThatStepsBackDoesNotSilenceTheStore() {
        let store = tiered()
        faulty.setLoads(.down)
        for _ in 0..<5 { _ = lookUp(store, key) }
        network.wallStart -= 3_600_000
        faulty.setLoads(.works)
        faulty.plant(response.encoded(), key)
        #expect(lookUp(store, key) == nil)
        network.advance(by: .seconds(1))
        #expect(lookUp(store, key) != nil)
    }
}
