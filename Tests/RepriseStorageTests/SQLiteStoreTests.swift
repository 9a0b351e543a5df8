import Foundation
import RepriseCore
import RepriseLogging
import RepriseNetwork
import Synchronization
import Testing

@testable import RepriseStorage

struct SQLiteStoreTests {
    private let directory: TemporaryDirectory
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let caller: PlayedCaller

    init() throws {
        directory = try TemporaryDirectory()
        caller = PlayedCaller(network)
    }

    private func open(
        _ name: String = "reprise.db", maxBytes: Int64 = 1 << 30
    ) throws -> SQLiteStore {
        try SQLiteStore(
            path: directory.file(name), maxBytes: maxBytes, network: network, logger: log.logger)
    }

    private func text(_ store: SQLiteStore, _ number: Int) throws -> [UInt8]? {
        try caller.load(number, from: store)
    }

    private func query(_ sql: StaticString) throws -> Int64? {
        try SQLiteConnection(path: directory.file("reprise.db"), for: .reading).number(sql)
    }

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        let network = ThreadNetwork()
        defer { network.stop() }
        let suite = StoreConformance(
            network: network,
            passTime: { network.clock.add($0.components.seconds * 1000, ordering: .relaxed) },
            open: { [directory, log] in
                try SQLiteStore(
                    path: directory.file("reprise.db"), maxBytes: 1 << 30, network: network,
                    logger: log.logger)
            })
        #expect(try await suite.failures(of: check) == [])
        #expect(log.messages == [])
    }

    @Test func directoriesAndFilesAreForTheirOwnerOnly() throws {
        let path = directory.file("a/b/reprise.db")
        let store = try SQLiteStore(
            path: path, maxBytes: 1 << 20, network: network, logger: log.logger)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(directory.file("a")) == 0o700)
        #expect(try mode(directory.file("a/b")) == 0o700)
        #expect(try mode(path) == 0o600)
        #expect(try mode(path + "-wal") == 0o600)
        #expect(try mode(path + "-shm") == 0o600)
        caller.close(store)
    }

    @Test func labelsAreKeptForPurging() throws {
        let store = try open()
        try caller.save(
            to: store,
            [
                SampleResponses.entry(1, text: [1], tags: [Array("a".utf8), Array("b".utf8)]),
                SampleResponses.entry(2, text: [1], tags: [Array("a".utf8)]),
            ])
        #expect(try query("SELECT count(*) FROM entry_tag") == 3)
        #expect(
            try query(
                """
                SELECT count(*) FROM entry WHERE CAST(model AS TEXT) = 'gpt-test'
                AND CAST(namespace AS TEXT) = 'tests' AND length(credential) = 32
                AND CAST(upstream AS TEXT) = 'https://api.example.com/v1'
                """) == 2)
        try caller.save(to: store, [SampleResponses.entry(1, text: [2], tags: [])])
        #expect(try query("SELECT count(*) FROM entry_tag") == 1)
        try caller.remove(2, from: store)
        #expect(try query("SELECT count(*) FROM entry_tag") == 0)
        caller.close(store)
    }

    @Test func expiredEntriesAreRemovedAlongTheWay() throws {
        let store = try open()
        try caller.save(
            to: store,
            (1...10).map {
                SampleResponses.entry($0, text: [1], retainedUntil: network.wallClock + 1000)
            })
        network.advance(by: .seconds(2))
        try caller.save(to: store, [SampleResponses.entry(11, text: [1])])
        #expect(try query("SELECT count(*) FROM entry") == 1)
        caller.close(store)
    }

    @Test func leastRecentlyUsedEntriesGoFirst() throws {
        let store = try open(maxBytes: 2 << 20)
        let text = [UInt8](repeating: 65, count: 100_000)
        for number in 0..<10 {
            try caller.save(to: store, [SampleResponses.entry(number, text: text)])
            network.advance(by: .seconds(100))
        }
        // A use that is noted now and written with the next batch.
        #expect(try self.text(store, 0) != nil)
        for number in 10..<25 {
            try caller.save(to: store, [SampleResponses.entry(number, text: text)])
            network.advance(by: .seconds(100))
        }
        #expect(try self.text(store, 0) != nil)
        #expect(try self.text(store, 1) == nil)
        #expect(try self.text(store, 2) == nil)
        #expect(try self.text(store, 24) != nil)
        caller.close(store)
    }

    @Test func fileStaysNearItsBound() throws {
        let bound: Int64 = 4 << 20
        let store = try open(maxBytes: bound)
        var random = SplitMix(state: 1)
        for batch in 0..<40 {
            let entries = (0..<10).map { step in
                SampleResponses.entry(
                    batch * 10 + step,
                    text: [UInt8](repeating: 65, count: Int(random.next() % 100_000)))
            }
            try caller.save(to: store, entries)
            network.advance(by: .seconds(1))
            let pages = try #require(try query("PRAGMA page_count"))
            #expect(pages * 4096 <= bound + bound / 8)
        }
        #expect(try query("PRAGMA auto_vacuum") == 2)
        #expect(try query("SELECT sum(size) FROM entry") ?? 0 > bound / 2)
        caller.close(store)
        let size = try FileManager.default.attributesOfItem(
            atPath: directory.file("reprise.db"))[.size]
        #expect(try #require(size as? Int64 ?? (size as? Int).map(Int64.init)) <= bound + bound / 8)
    }

    @Test func smallerBoundThanLastTimeShrinksTheFile() throws {
        let large = try open(maxBytes: 64 << 20)
        let text = [UInt8](repeating: 65, count: 50_000)
        for batch in 0..<10 {
            try caller.save(
                to: large,
                (0..<20).map { SampleResponses.entry(batch * 20 + $0, text: text) })
        }
        caller.close(large)
        let small = try open(maxBytes: 2 << 20)
        for _ in 0..<4 { try caller.maintain(small) }
        let pages = try #require(try query("PRAGMA page_count"))
        #expect(pages * 4096 <= (2 << 20) + (2 << 20) / 8)
        caller.close(small)
    }

    @Test func entryLargerThanHalfTheBoundIsLeftOut() throws {
        let store = try open(maxBytes: 1 << 20)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        try caller.save(
            to: store,
            [
                SampleResponses.entry(1, text: [UInt8](repeating: 1, count: 700_000)),
                SampleResponses.entry(2, text: [2]),
            ])
        #expect(try text(store, 1) == nil)
        #expect(try text(store, 2) == [2])
        caller.close(store)
    }

    @Test func readsDoNotWrite() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        let before = try query("SELECT last_used FROM entry")
        network.advance(by: .seconds(3600))
        for _ in 0..<10 { _ = try text(store, 1) }
        #expect(try query("SELECT last_used FROM entry") == before)
        try caller.maintain(store)
        #expect(try query("SELECT last_used FROM entry") == network.wallClock)
        caller.close(store)
    }

    @Test func twoStoresShareOneFile() async throws {
        let network = ThreadNetwork(loops: 2)
        defer { network.stop() }
        let stores = try (0..<2).map { _ in
            StoreCaller(
                try SQLiteStore(
                    path: directory.file("reprise.db"), maxBytes: 1 << 30, network: network,
                    logger: log.logger), network)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (offset, store) in stores.enumerated() {
                group.addTask {
                    for round in 0..<20 {
                        let numbers = (0..<5).map { offset * 1000 + round * 5 + $0 }
                        try await store.save(
                            numbers.map { SampleResponses.entry($0, text: [UInt8($0 % 5)]) })
                        for number in numbers {
                            for store in stores {
                                #expect(
                                    !store.store.certainlyLacks(SampleResponses.key(number)))
                                #expect(try await store.load(number) == [UInt8(number % 5)])
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<100 {
            #expect(try await stores[0].load(1000 + number) == [UInt8(number % 5)])
            #expect(try await stores[1].load(number) == [UInt8(number % 5)])
        }
        await stores[0].close()
        #expect(try await stores[1].load(0) == [0])
        await stores[1].close()
        #expect(log.messages == [])
    }

    @Test func fullDiskIsToldAndReadsGoOn() throws {
        let store = try SQLiteStore(
            file: SQLiteFile(path: directory.file("reprise.db"), maxPages: 40), maxBytes: 1 << 30,
            network: network, logger: log.logger)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        let large = SampleResponses.entry(2, text: [UInt8](repeating: 1, count: 400_000))
        #expect(throws: StoreError.full) { try caller.save(to: store, [large]) }
        #expect(try text(store, 1) == [1])
        #expect(try text(store, 2) == nil)
        try caller.save(to: store, [SampleResponses.entry(3, text: [3])])
        #expect(try text(store, 3) == [3])
        caller.close(store)
    }

    @Test func failedBatchLeavesNothingBehind() throws {
        let store = try SQLiteStore(
            file: SQLiteFile(path: directory.file("reprise.db"), maxPages: 40), maxBytes: 1 << 30,
            network: network, logger: log.logger)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        #expect(throws: StoreError.full) {
            try caller.save(
                to: store,
                [
                    SampleResponses.entry(1, text: [2]), SampleResponses.entry(3, text: [3]),
                    SampleResponses.entry(2, text: [UInt8](repeating: 1, count: 400_000)),
                ])
        }
        #expect(try text(store, 1) == [1])
        #expect(try text(store, 3) == nil)
        caller.close(store)
    }

    @Test func logIsCopiedUnderTheWriteLockAndStaysSmall() throws {
        let store = try open()
        let text = [UInt8](repeating: 65, count: 50_000)
        var largest = 0
        for number in 0..<400 {
            try caller.save(to: store, [SampleResponses.entry(number, text: text)])
            let size =
                try FileManager.default.attributesOfItem(
                    atPath: directory.file("reprise.db-wal"))[.size] as? NSNumber
            largest = max(largest, size?.intValue ?? 0)
        }
        // 20 MB have been written; the log begins anew every 2000 pages.
        #expect(largest < 10 << 20)
        #expect(largest > 4 << 20)
        caller.close(store)
        // What was in the log is in the database, which can be read without it.
        try FileManager.default.removeItem(atPath: directory.file("reprise.db-wal"))
        #expect(try query("SELECT count(*) FROM entry") == 400)
    }

    @Test func logIsNotCopiedBesideACommitOfAnother() throws {
        let store = try open()
        let other = try SQLiteConnection(path: directory.file("reprise.db"), for: .writing)
        let text = [UInt8](repeating: 65, count: 500_000)
        func logSize() throws -> Int {
            let size =
                try FileManager.default.attributesOfItem(
                    atPath: directory.file("reprise.db-wal"))[.size] as? NSNumber
            return size?.intValue ?? 0
        }
        for number in 0..<8 {
            try caller.save(to: store, [SampleResponses.entry(number, text: text)])
        }
        let before =
            try FileManager.default.attributesOfItem(
                atPath: directory.file("reprise.db"))[.size] as? NSNumber
        // The other one holds the write lock when the store closes: nothing is copied.
        try other.run("BEGIN IMMEDIATE")
        caller.close(store)
        let after =
            try FileManager.default.attributesOfItem(
                atPath: directory.file("reprise.db"))[.size] as? NSNumber
        #expect(before == after)
        #expect(try logSize() > 3 << 20)
        other.rollBack()
        let again = try open()
        for number in 0..<8 { #expect(try self.text(again, number) == text) }
        caller.close(again)
    }

    @Test func diskThatHangsStopsNothingButItsOwnThreads() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        for worker in network.workers { worker.isStuck = true }
        let waiting = PlayedCaller.Answer<[UInt8]?>()
        let attempt = store.load(SampleResponses.key(1), on: network.loop) { waiting.result = $0 }
        let written = PlayedCaller.Answer<Void>()
        store.write([.save(SampleResponses.entry(2, text: [2]))]) { written.result = $0 }
        network.advance(by: .seconds(60))
        #expect(waiting.result == nil && written.result == nil)
        // A second batch is refused, not piled up; what is no key is still known at once.
        #expect(throws: StoreError.unavailable("an earlier write is still under way")) {
            try caller.save(to: store, [SampleResponses.entry(3, text: [3])])
        }
        #expect(store.certainlyLacks(SampleResponses.key(9)))
        attempt.cancel()
        // So many look-ups may wait, and no more.
        var refused = 0
        for _ in 0..<2200 {
            _ = store.load(SampleResponses.key(1), on: network.loop) { result in
                if case .failure(.timedOut) = result { refused += 1 }
            }
        }
        network.run()
        #expect(refused == 2200 - 2047)
        for worker in network.workers { worker.isStuck = false }
        network.run()
        #expect(waiting.result == nil)
        #expect(throws: Never.self) { try written.get() }
        #expect(try text(store, 2) == [2])
        caller.close(store)
    }

    @Test func fileOfAnEarlierBuildOpensUnchanged() throws {
        let path = directory.file("reprise.db")
        let old = try SQLiteFile(path: path).openNew()
        try old.execute(Self.earlierSchema)
        try old.execute(
            """
            INSERT INTO entry (key, last_used, size, credential, upstream, text)
            VALUES (x'\(String(decoding: SampleResponses.key(1).hex, as: UTF8.self))', 1, 1,
                x'', x'', x'41');
            INSERT INTO entry_tag VALUES (x'01', 1);
            """)
        var before: [[UInt8]] = []
        try old.run("SELECT sql FROM sqlite_master ORDER BY name") { row in
            before.append(row.bytes(0))
            return true
        }
        let store = try open()
        #expect(try text(store, 1) == [0x41])
        try caller.save(to: store, [SampleResponses.entry(2, text: [2], tags: [[7]])])
        try caller.remove(1, from: store)
        #expect(try query("SELECT count(*) FROM entry_tag") == 1)
        caller.close(store)
        var after: [[UInt8]] = []
        try old.run("SELECT sql FROM sqlite_master ORDER BY name") { row in
            after.append(row.bytes(0))
            return true
        }
        #expect(before == after)
        #expect(try query("SELECT count(*) FROM grdb_migrations WHERE identifier = '1'") == 1)
        #expect(log.messages == [])
    }

    @Test func newFileHasTheTablesOfAnEarlierBuild() throws {
        let old = try SQLiteFile(path: directory.file("old.db")).openNew()
        try old.execute(Self.earlierSchema)
        caller.close(try open())
        func tables(_ connection: SQLiteConnection) throws -> [[UInt8]] {
            var rows: [[UInt8]] = []
            try connection.run("SELECT name, sql FROM sqlite_master ORDER BY name") { row in
                rows.append(row.bytes(0))
                rows.append(row.bytes(1).filter { $0 != 0x20 && $0 != 0x0A })
                return true
            }
            return rows
        }
        let new = try SQLiteConnection(path: directory.file("reprise.db"), for: .reading)
        #expect(try tables(new) == tables(old))
        #expect(try new.number("PRAGMA application_id") == 0x5250_5253)
        #expect(try new.number("PRAGMA auto_vacuum") == 2)
    }

    /// What earlier builds made, by way of another library.
    private static let earlierSchema = """
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA journal_mode = WAL;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL,
            last_used INTEGER NOT NULL,
            retained_until INTEGER,
            size INTEGER NOT NULL,
            model BLOB,
            namespace BLOB,
            credential BLOB NOT NULL,
            upstream BLOB NOT NULL,
            text BLOB NOT NULL
        );
        CREATE UNIQUE INDEX entry_by_key ON entry (key);
        CREATE INDEX entry_by_use ON entry (last_used, size);
        CREATE INDEX entry_by_retention ON entry (retained_until)
            WHERE retained_until IS NOT NULL;
        CREATE TABLE entry_tag (
            tag BLOB NOT NULL,
            entry INTEGER NOT NULL,
            PRIMARY KEY (tag, entry)
        ) WITHOUT ROWID;
        CREATE INDEX entry_tag_by_entry ON entry_tag (entry);
        CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
            DELETE FROM entry_tag WHERE entry = old.id;
        END;
        PRAGMA application_id = 1380995667;
        INSERT INTO grdb_migrations (identifier) VALUES ('1');
        """
}

extension SQLiteFile {
    /// Opens a new database without any table.
    func openNew() throws -> SQLiteConnection {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try SQLiteConnection(path: path, for: .writing)
    }
}
