import Foundation
import GRDB
import Logging
import NIOCore
import RepriseCore
import RepriseTesting
import ServiceLifecycle
import Testing

@testable import RepriseStorage

struct TieredWriterTests {
    private let clock = ManualClock()
    private let log = LogRecorder()
    private let faulty = FaultyStore()

    private func tiered(_ change: (inout TieredStore.Limits) -> Void = { _ in }) -> TieredStore {
        var limits = TieredStore.Limits()
        change(&limits)
        return TieredStore(
            memory: MemoryTier(capacity: 1 << 20), persistent: faulty, limits: limits,
            clock: clock.wallClock, logger: log.logger)
    }

    private func commit(_ numbers: Range<Int>, to store: TieredStore) {
        for number in numbers {
            store.commit(SampleResponses.key(number), SampleResponses.response(number))
        }
    }

    private func stored(_ numbers: Range<Int>) -> Int {
        numbers.count { faulty.text(SampleResponses.key($0)) != nil }
    }

    @Test func committedEntriesReachTheStoreInBatches() async throws {
        let store = tiered { $0.batchEntries = 10 }
        commit(0..<95, to: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            await faulty.written.reaches(10)
            #expect(stored(0..<95) == 95)
            #expect(faulty.largestSave == 10)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.counters.writes == 95)
        #expect(store.counters.queuedWrites == 0)
        #expect(store.counters.queuedBytes == 0)
        #expect(faulty.isClosed)
    }

    @Test func everythingIsFlushedOnGracefulShutdown() async throws {
        let store = tiered { $0.batchEntries = 7 }
        faulty.setWrites(.hangs)
        let group = ServiceGroup(services: [store], logger: log.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            commit(0..<1, to: store)
            await faulty.saves.reaches(1)
            commit(1..<50, to: store)
            await group.triggerGracefulShutdown()
            faulty.setWrites(.works)
            faulty.release()
            try await tasks.waitForAll()
        }
        #expect(stored(0..<50) == 50)
        #expect(faulty.isClosed)
        #expect(log.messages(containing: "unwritten").isEmpty)
    }

    @Test func everythingIsFlushedWhenTheTaskIsCancelled() async throws {
        let store = tiered()
        commit(0..<50, to: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try await store.run() }
            try await group.waitForAll()
        }
        #expect(stored(0..<50) == 50)
        #expect(faulty.isClosed)
    }

    @Test func flushEndsAtItsDeadline() async throws {
        let store = tiered {
            $0.batchEntries = 1
            $0.flushDeadline = .seconds(3)
        }
        faulty.setWrites(.hangs)
        commit(0..<5, to: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try await store.run() }
            await faulty.saves.reaches(1)
            clock.advance(by: .seconds(3))
            faulty.release()
            try await group.waitForAll()
        }
        #expect(stored(0..<5) == 1)
        #expect(log.messages(containing: "unwritten").count == 1)
        #expect(faulty.isClosed)
    }

    @Test func commitAfterTheEndIsCountedAsDropped() async throws {
        let store = tiered()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try await store.run() }
            try await group.waitForAll()
        }
        commit(0..<3, to: store)
        #expect(store.counters.droppedWrites == 3)
        #expect(store.counters.queuedWrites == 0)
        #expect(store.memoryLookup(SampleResponses.key(1)) != nil)
    }

    @Test func slowStoreFillsTheQueueAndNoMore() async throws {
        let store = tiered {
            $0.queueEntries = 20
            $0.batchEntries = 5
        }
        faulty.setWrites(.hangs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            commit(0..<1, to: store)
            await faulty.saves.reaches(1)
            commit(1..<101, to: store)
            #expect(store.counters.droppedWrites == 80)
            #expect(store.counters.memory.entries == 101)
            faulty.setWrites(.works)
            faulty.release()
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.counters.writes == 21)
        #expect(stored(0..<101) == 21)
    }

    @Test func queueIsBoundedInBytes() {
        let cost = SampleResponses.response(0).cost
        let store = tiered { $0.queueBytes = cost * 10 }
        commit(0..<30, to: store)
        #expect(store.counters.queuedBytes == cost * 10)
        #expect(store.counters.droppedWrites == 20)
    }

    @Test func fullStoreCostsWritesNotLookups() async throws {
        let store = tiered { $0.failureThreshold = 2 }
        let old = SampleResponses.key(1000)
        faulty.plant(SampleResponses.response(1000).encoded(), old)
        faulty.setWrites(.full)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            commit(0..<1, to: store)
            await faulty.saves.reaches(1)
            commit(1..<2, to: store)
            await faulty.removals.reaches(1)
            // The next upkeep comes after the breaker's back-off.
            await clock.untilSleeping(for: .seconds(5))
            #expect(await store.lookup(old) != nil)
            #expect(store.counters.readBreaker == .closed)

            faulty.setWrites(.works)
            clock.advance(by: .seconds(60))
            await faulty.upkeeps.reaches(1)
            commit(2..<3, to: store)
            // The removals, then the save that proves that there is room again.
            await faulty.written.reaches(2)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.counters.droppedWrites == 2)
        #expect(stored(0..<2) == 0)
        #expect(stored(2..<3) == 1)
        #expect(store.counters.writeBreaker == .closed)
    }

    @Test func storeThatRemovesButDoesNotSaveIsLeftAlone() async throws {
        let store = tiered { $0.failureThreshold = 3 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            for number in 0..<2 {
                faulty.setWrites(.full)
                commit(number..<number + 1, to: store)
                await faulty.saves.reaches(number + 1)
                // The save has become a removal, which is done before the next save comes.
                faulty.setWrites(.works)
                store.remove(SampleResponses.key(100 + number))
                await faulty.written.reaches(number + 1)
            }
            faulty.setWrites(.full)
            commit(2..<3, to: store)
            await faulty.saves.reaches(3)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(log.messages(containing: "responses wait in memory").count == 1)
        #expect(log.messages(containing: "works again").isEmpty)
    }

    @Test func probeRisksOneEntry() async throws {
        let store = tiered { $0.failureThreshold = 1 }
        faulty.setWrites(.down)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            await clock.untilSleeping(for: .seconds(5))
            commit(0..<1, to: store)
            await faulty.saves.reaches(1)
            await store.untilWritten(SampleResponses.key(0), for: .seconds(70))
            commit(1..<51, to: store)
            clock.advance(by: .seconds(5))
            await faulty.saves.reaches(2)
            await store.untilWritten(SampleResponses.key(1), for: .seconds(70))
            await clock.untilSleeping(for: .seconds(5))
            faulty.setWrites(.works)
            clock.advance(by: .seconds(60))
            // The removals of what was dropped, the probe, and the rest.
            await faulty.written.reaches(3)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.counters.droppedWrites == 2)
        #expect(stored(0..<51) == 49)
    }

    @Test func storeThatIsDownIsTriedAgainByTheClock() async throws {
        let store = tiered { $0.failureThreshold = 1 }
        faulty.setWrites(.down)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            await clock.untilSleeping(for: .seconds(5))
            commit(0..<1, to: store)
            await faulty.saves.reaches(1)
            faulty.setWrites(.works)
            clock.advance(by: .seconds(5))
            // The save that failed became a removal, which was waiting for this.
            await faulty.removals.reaches(1)
            await faulty.upkeeps.reaches(1)
            // That it removes is no proof that it stores.
            #expect(log.messages(containing: "works again").isEmpty)
            commit(1..<2, to: store)
            await faulty.written.reaches(2)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(stored(1..<2) == 1)
        #expect(log.messages(containing: "responses wait in memory").count == 1)
        #expect(log.messages(containing: "works again; writes use it").count == 1)
    }

    @Test func storeWithoutAPersistentTierIsMemoryOnly() async throws {
        let store = TieredStore(
            memory: MemoryTier(capacity: 1 << 20), persistent: nil, clock: clock.wallClock,
            logger: log.logger)
        commit(0..<1, to: store)
        #expect(await store.lookup(SampleResponses.key(0)) != nil)
        #expect(await store.lookup(SampleResponses.key(1)) == nil)
        store.remove(SampleResponses.key(0))
        #expect(await store.lookup(SampleResponses.key(0)) == nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            await clock.untilSleeping(for: .seconds(5))
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.counters.droppedWrites == 0)
    }

    @Test func entriesSurviveARestartOnSQLiteAndDamagedRowsAreMisses() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("reprise.db")
        func restart(_ body: (TieredStore) async throws -> Void) async throws {
            let sqlite = try SQLiteStore(
                path: path, maxBytes: 1 << 30, clock: clock.wallClock, logger: log.logger)
            var limits = TieredStore.Limits()
            limits.deadline = .seconds(60)
            let store = TieredStore(
                memory: MemoryTier(capacity: 1 << 20), persistent: sqlite, limits: limits,
                clock: clock.wallClock, logger: log.logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.run() }
                try await body(store)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        try await restart { commit(0..<100, to: $0) }

        let queue = try DatabaseQueue(path: path)
        let bytes = Array("damaged".utf8)
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE entry SET text = substr(text, 1, length(text) - 1) || x'00' "
                    + "WHERE key = ?",
                arguments: [Data(SampleResponses.key(7).bytes)])
            try db.execute(
                sql: "UPDATE entry SET text = ? WHERE key = ?",
                arguments: [Data(bytes), Data(SampleResponses.key(8).bytes)])
        }
        try queue.close()

        try await restart { store in
            for number in 0..<100 {
                let found = await store.lookup(SampleResponses.key(number))
                let expected = number == 7 || number == 8 ? nil : SampleResponses.response(number)
                #expect(found?.body == expected?.body)
                #expect(found?.metadata == expected?.metadata)
            }
            #expect(store.counters.persistentCorrupt == 2)
            #expect(store.counters.persistentHits == 98)
        }
        let left = try await DatabaseQueue(path: path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM entry")
        }
        #expect(left == 98)
    }
}
