import Foundation
import GRDB
import Logging
import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

struct SQLiteStoreTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()
    private let log = LogRecorder()

    init() throws { directory = try TemporaryDirectory() }

    private func open(
        _ name: String = "reprise.db", maxBytes: Int64 = 1 << 30
    ) throws -> SQLiteStore {
        try SQLiteStore(
            path: directory.file(name), maxBytes: maxBytes, clock: clock.wallClock,
            logger: log.logger)
    }

    private func text(_ store: SQLiteStore, _ number: Int) async throws -> [UInt8]? {
        try await store.load(SampleResponses.key(number)).map { Array($0.readableBytesView) }
    }

    private func query<Value: DatabaseValueConvertible & Sendable>(
        _ sql: String, as type: Value.Type = Value.self
    ) async throws -> Value? {
        let queue = try DatabaseQueue(path: directory.file("reprise.db"))
        return try await queue.read { try Value.fetchOne($0, sql: sql) }
    }

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        let suite = StoreConformance { [directory] clock in
            try SQLiteStore(
                path: directory.file("reprise.db"), maxBytes: 1 << 30, clock: clock,
                logger: Logger(label: "test"))
        }
        #expect(try await suite.failures(of: check) == [])
    }

    @Test func directoriesAndFilesAreForTheirOwnerOnly() async throws {
        let path = directory.file("a/b/reprise.db")
        let store = try SQLiteStore(
            path: path, maxBytes: 1 << 20, clock: clock.wallClock, logger: log.logger)
        try await store.save([SampleResponses.entry(1, text: [1])])
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(directory.file("a")) == 0o700)
        #expect(try mode(directory.file("a/b")) == 0o700)
        #expect(try mode(path) == 0o600)
        #expect(try mode(path + "-wal") == 0o600)
        #expect(try mode(path + "-shm") == 0o600)
        await store.close()
    }

    @Test func labelsAreKeptForPurging() async throws {
        let store = try open()
        try await store.save([
            SampleResponses.entry(1, text: [1], tags: [Array("a".utf8), Array("b".utf8)]),
            SampleResponses.entry(2, text: [1], tags: [Array("a".utf8)]),
        ])
        #expect(try await query("SELECT count(*) FROM entry_tag", as: Int.self) == 3)
        #expect(
            try await query(
                "SELECT count(*) FROM entry WHERE CAST(model AS TEXT) = 'gpt-test'"
                    + " AND CAST(namespace AS TEXT) = 'tests' AND length(credential) = 32"
                    + " AND CAST(upstream AS TEXT) = 'https://api.example.com/v1'",
                as: Int.self) == 2)
        try await store.save([SampleResponses.entry(1, text: [2], tags: [])])
        #expect(try await query("SELECT count(*) FROM entry_tag", as: Int.self) == 1)
        try await store.remove([SampleResponses.key(2)])
        #expect(try await query("SELECT count(*) FROM entry_tag", as: Int.self) == 0)
        await store.close()
    }

    @Test func expiredEntriesAreRemovedAlongTheWay() async throws {
        let store = try open()
        try await store.save(
            (1...10).map {
                SampleResponses.entry($0, text: [1], retainedUntil: clock.now + 1000)
            })
        clock.advance(by: .seconds(2))
        try await store.save([SampleResponses.entry(11, text: [1])])
        #expect(try await query("SELECT count(*) FROM entry", as: Int.self) == 1)
        await store.close()
    }

    @Test func leastRecentlyUsedEntriesGoFirst() async throws {
        let store = try open(maxBytes: 2 << 20)
        let text = [UInt8](repeating: 65, count: 100_000)
        for number in 0..<10 {
            try await store.save([SampleResponses.entry(number, text: text)])
            clock.advance(by: .seconds(100))
        }
        // A use that is noted now and written with the next batch.
        #expect(try await self.text(store, 0) != nil)
        for number in 10..<25 {
            try await store.save([SampleResponses.entry(number, text: text)])
            clock.advance(by: .seconds(100))
        }
        #expect(try await self.text(store, 0) != nil)
        #expect(try await self.text(store, 1) == nil)
        #expect(try await self.text(store, 2) == nil)
        #expect(try await self.text(store, 24) != nil)
        await store.close()
    }

    @Test func fileStaysNearItsBound() async throws {
        let bound: Int64 = 4 << 20
        let store = try open(maxBytes: bound)
        var random = SplitMix(state: 1)
        for batch in 0..<40 {
            let entries = (0..<10).map { step in
                SampleResponses.entry(
                    batch * 10 + step,
                    text: [UInt8](repeating: 65, count: Int(random.next() % 100_000)))
            }
            try await store.save(entries)
            clock.advance(by: .seconds(1))
            let pages = try #require(try await query("PRAGMA page_count", as: Int64.self))
            #expect(pages * 4096 <= bound + bound / 8)
        }
        #expect(try await query("PRAGMA auto_vacuum", as: Int.self) == 2)
        #expect(try await query("SELECT sum(size) FROM entry", as: Int64.self) ?? 0 > bound / 2)
        await store.close()
        let size = try FileManager.default.attributesOfItem(
            atPath: directory.file("reprise.db"))[.size]
        #expect(try #require(size as? Int64 ?? (size as? Int).map(Int64.init)) <= bound + bound / 8)
    }

    @Test func smallerBoundThanLastTimeShrinksTheFile() async throws {
        let large = try open(maxBytes: 64 << 20)
        let text = [UInt8](repeating: 65, count: 50_000)
        for batch in 0..<10 {
            try await large.save(
                (0..<20).map { SampleResponses.entry(batch * 20 + $0, text: text) })
        }
        await large.close()
        let small = try open(maxBytes: 2 << 20)
        for _ in 0..<4 { try await small.maintain() }
        let pages = try #require(try await query("PRAGMA page_count", as: Int64.self))
        #expect(pages * 4096 <= (2 << 20) + (2 << 20) / 8)
        await small.close()
    }

    @Test func entryLargerThanHalfTheBoundIsLeftOut() async throws {
        let store = try open(maxBytes: 1 << 20)
        try await store.save([SampleResponses.entry(1, text: [1])])
        try await store.save([
            SampleResponses.entry(1, text: [UInt8](repeating: 1, count: 700_000)),
            SampleResponses.entry(2, text: [2]),
        ])
        #expect(try await text(store, 1) == nil)
        #expect(try await text(store, 2) == [2])
        await store.close()
    }

    @Test func readsDoNotWrite() async throws {
        let store = try open()
        try await store.save([SampleResponses.entry(1, text: [1])])
        let before = try await query("SELECT last_used FROM entry", as: Int64.self)
        clock.advance(by: .seconds(3600))
        for _ in 0..<10 { _ = try await text(store, 1) }
        #expect(try await query("SELECT last_used FROM entry", as: Int64.self) == before)
        try await store.maintain()
        #expect(try await query("SELECT last_used FROM entry", as: Int64.self) == clock.now)
        await store.close()
    }

    @Test func twoStoresShareOneFile() async throws {
        let first = try open()
        let second = try open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (offset, store) in [first, second].enumerated() {
                group.addTask {
                    for round in 0..<20 {
                        try await store.save(
                            (0..<5).map {
                                SampleResponses.entry(
                                    offset * 1000 + round * 5 + $0, text: [UInt8($0)])
                            })
                    }
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<100 {
            #expect(try await text(first, 1000 + number) == [UInt8(number % 5)])
            #expect(try await text(second, number) == [UInt8(number % 5)])
        }
        await first.close()
        #expect(try await text(second, 0) == [0])
        await second.close()
    }

    @Test func fullDiskIsToldAndReadsGoOn() async throws {
        let store = try SQLiteStore(
            file: SQLiteFile(path: directory.file("reprise.db"), maxPages: 40), maxBytes: 1 << 30,
            clock: clock.wallClock, logger: log.logger)
        try await store.save([SampleResponses.entry(1, text: [1])])
        let large = SampleResponses.entry(2, text: [UInt8](repeating: 1, count: 400_000))
        await #expect(throws: StoreError.full) { try await store.save([large]) }
        #expect(try await text(store, 1) == [1])
        #expect(try await text(store, 2) == nil)
        try await store.save([SampleResponses.entry(3, text: [3])])
        #expect(try await text(store, 3) == [3])
        await store.close()
    }
}
