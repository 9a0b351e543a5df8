import Foundation
import RepriseCore
import RepriseLogging
import RepriseNetwork
import Testing

@testable import RepriseStorage

struct SQLiteDamageTests {
    private let directory: TemporaryDirectory
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let caller: PlayedCaller

    init() throws {
        directory = try TemporaryDirectory()
        caller = PlayedCaller(network)
    }

    private func open(_ name: String = "reprise.db") throws -> SQLiteStore {
        try SQLiteStore(
            path: directory.file(name), maxBytes: 1 << 30, network: network, logger: log.logger)
    }

    private func text(_ store: SQLiteStore, _ number: Int) throws -> [UInt8]? {
        try caller.load(number, from: store)
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: directory.file(name)))
    }

    private func setAside() throws -> [String] {
        try directory.names().filter { $0.hasPrefix("reprise.db.corrupt-") }
    }

    enum NotADatabase: CaseIterable {
        case letter, rubbish, rubbishBehindAHeader

        var bytes: [UInt8] {
            switch self {
            case .letter: Array("This is not a database, but a letter to the reader.".utf8)
            case .rubbish: [UInt8](repeating: 0x5A, count: 8192)
            case .rubbishBehindAHeader:
                Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0xFF, count: 5000)
            }
        }
    }

    @Test(arguments: NotADatabase.allCases)
    func fileThatIsNotADatabaseIsSetAside(file: NotADatabase) throws {
        let bytes = file.bytes
        try write(bytes, to: "reprise.db")
        try write([1, 2, 3], to: "reprise.db-wal")
        let store = try open()
        #expect(log.messages(containing: "set aside").count == 1)
        #expect(try setAside().first == "reprise.db.corrupt-\(network.wallClock)")
        let kept = try Data(
            contentsOf: URL(
                fileURLWithPath: directory.file("reprise.db.corrupt-\(network.wallClock)")))
        #expect(Array(kept) == bytes)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        #expect(try text(store, 1) == [1])
        caller.close(store)
        let again = try open()
        #expect(try text(again, 1) == [1])
        #expect(log.messages(containing: "set aside").count == 1)
        caller.close(again)
    }

    @Test func emptyFileIsANewDatabase() throws {
        try write([], to: "reprise.db")
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        #expect(try setAside().isEmpty)
        caller.close(store)
    }

    @Test func damageFoundLaterIsSetAsideByTheNextWrite() throws {
        let first = try open()
        try caller.save(
            to: first,
            (0..<200).map {
                SampleResponses.entry($0, text: [UInt8](repeating: 65, count: 3000))
            })
        caller.close(first)
        // The header and the schema stay whole; everything behind them is rubbish. What is in the log
        // has been copied.
        try FileManager.default.removeItem(atPath: directory.file("reprise.db-wal"))
        let url = URL(fileURLWithPath: directory.file("reprise.db"))
        var data = try Data(contentsOf: url)
        let schema = 4096 * 10
        data.replaceSubrange(
            schema..<data.count, with: Data(repeating: 0xEE, count: data.count - schema))
        try data.write(to: url)

        let store = try open()
        var damage = 0
        for number in 0..<200 {
            do {
                _ = try text(store, number)
            } catch {
                damage += 1
            }
        }
        #expect(damage > 0)
        try caller.maintain(store)
        #expect(log.messages(containing: "set aside").count == 1)
        #expect(try setAside().isEmpty == false)
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        #expect(try text(store, 1) == [1])
        #expect(try text(store, 2) == nil)
        caller.close(store)
        #expect(try directory.names().contains("reprise.db"))
    }

    @Test func newerVersionIsRefusedAndLeftAlone() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        caller.close(store)
        try SQLiteConnection(path: directory.file("reprise.db"), for: .writing)
            .execute("INSERT INTO grdb_migrations VALUES ('2')")
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .incompatible(let reason) = error else {
            Issue.record("expected incompatible, got \(String(describing: error))")
            return
        }
        #expect(reason.contains("newer version"))
        #expect(reason.contains("--store"))
        #expect(try setAside().isEmpty)
    }

    @Test func databaseOfAnotherProgramIsRefusedAndLeftAlone() throws {
        try SQLiteFile(path: directory.file("reprise.db")).openNew()
            .execute("CREATE TABLE diary (day TEXT, text TEXT)")
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.file("reprise.db")))
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .incompatible(let reason) = error else {
            Issue.record("expected incompatible, got \(String(describing: error))")
            return
        }
        #expect(reason.contains("another program"))
        let after = try Data(contentsOf: URL(fileURLWithPath: directory.file("reprise.db")))
        #expect(before == after)
    }

    @Test func placeWhereNothingCanBeCreatedIsToldAtOnce() throws {
        try write([1], to: "file")
        let error = #expect(throws: StoreError.self) { try open("file/reprise.db") }
        guard case .unavailable(let reason) = error else {
            Issue.record("expected unavailable, got \(String(describing: error))")
            return
        }
        #expect(reason.contains("file/reprise.db"))
    }

    /// What a killed process leaves is what its files hold at some moment: the database and as
    /// much of the log as had been written.
    @Test func copyTakenBetweenWritesHoldsWholeEntriesOnly() throws {
        let store = try open()
        for round in 0..<6 {
            try caller.save(
                to: store,
                (0..<20).map { SampleResponses.entry($0, text: Self.text($0, round)) })
        }
        let database = try Data(contentsOf: URL(fileURLWithPath: directory.file("reprise.db")))
        let log = try Data(contentsOf: URL(fileURLWithPath: directory.file("reprise.db-wal")))
        #expect(log.count > 100_000)
        var rounds: Set<Int> = []
        // The log, cut off wherever the process may have died.
        for cut in stride(from: 0, through: log.count, by: max(1, log.count / 37)) {
            let name = "copy-\(cut).db"
            try write(Array(database), to: name)
            try write(Array(log.prefix(cut)), to: name + "-wal")
            let copy = try open(name)
            var found: Set<Int> = []
            for number in 0..<20 {
                guard let text = try text(copy, number) else {
                    found.insert(-1)
                    continue
                }
                #expect(text == Self.text(number, Int(text[0])))
                found.insert(Int(text[0]))
            }
            // A batch is there altogether or not at all.
            #expect(found.count == 1)
            rounds.formUnion(found)
            try caller.save(to: copy, [SampleResponses.entry(1, text: [1])])
            caller.close(copy)
        }
        #expect(rounds.count > 3)
        #expect(self.log.messages(containing: "set aside").isEmpty)
        caller.close(store)
    }

    private static func text(_ number: Int, _ round: Int) -> [UInt8] {
        [UInt8(round)] + [UInt8](repeating: UInt8(number), count: 1000 * (number % 7 + 1))
    }

    // MARK: - The file underneath

    @Test func fileThatWasDeletedIsNoticedByTheNextWrite() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        for name in ["reprise.db"] {
            try FileManager.default.removeItem(atPath: directory.file(name))
        }
        try caller.save(to: store, [SampleResponses.entry(2, text: [2])])
        #expect(log.messages(containing: "deleted or replaced").count == 1)
        #expect(try text(store, 1) == nil)
        #expect(try text(store, 2) == [2])
        #expect(!store.certainlyLacks(SampleResponses.key(2)))
        #expect(store.certainlyLacks(SampleResponses.key(1)))
        caller.close(store)
        let again = try open()
        #expect(try text(again, 2) == [2])
        #expect(log.messages.count == 1)
        caller.close(again)
    }

    @Test func fileThatWasReplacedIsNoticedByUpkeep() throws {
        let other = try open("other.db")
        try caller.save(to: other, [SampleResponses.entry(7, text: [7])])
        caller.close(other)
        let store = try open()
        try caller.save(to: store, (0..<50).map { SampleResponses.entry($0, text: [1]) })
        for suffix in ["", "-wal", "-shm"] {
            #expect(
                rename(
                    directory.file("other.db" + suffix), directory.file("reprise.db" + suffix)) == 0
            )
        }
        try caller.maintain(store)
        #expect(log.messages(containing: "deleted or replaced").count == 1)
        #expect(try text(store, 7) == [7])
        #expect(try text(store, 1) == nil)
        caller.close(store)
    }

    /// The log of the old file stays at the path, and must not become that of the new one.
    @Test func fileThatWasReplacedWithoutItsLogKeepsItsContents() throws {
        let other = try open("other.db")
        try caller.save(to: other, [SampleResponses.entry(7, text: [7])])
        caller.close(other)
        let store = try open()
        try caller.save(to: store, (0..<50).map { SampleResponses.entry($0, text: [1]) })
        #expect(rename(directory.file("other.db"), directory.file("reprise.db")) == 0)
        try caller.maintain(store)
        #expect(try text(store, 7) == [7])
        #expect(try text(store, 1) == nil)
        try caller.save(to: store, [SampleResponses.entry(8, text: [8])])
        #expect(try text(store, 8) == [8])
        caller.close(store)
        #expect(log.messages(containing: "set aside").isEmpty)
    }

    @Test func foreignFileInThePlaceOfOursIsLeftAlone() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        try SQLiteFile(path: directory.file("diary.db")).openNew()
            .execute("CREATE TABLE diary (day TEXT, text TEXT)")
        #expect(rename(directory.file("diary.db"), directory.file("reprise.db")) == 0)
        #expect(throws: StoreError.self) {
            try caller.save(to: store, [SampleResponses.entry(2, text: [2])])
        }
        #expect(throws: StoreError.self) { try text(store, 1) }
        #expect(!store.certainlyLacks(SampleResponses.key(1)))
        let tables = try SQLiteConnection(path: directory.file("reprise.db"), for: .reading)
            .number("SELECT count(*) FROM sqlite_master")
        #expect(tables == 1)
        caller.close(store)
    }

    @Test func numbersInTheFileMayBeAnything() throws {
        let store = try open()
        try caller.save(to: store, [SampleResponses.entry(1, text: [1])])
        try SQLiteConnection(path: directory.file("reprise.db"), for: .writing).execute(
            """
            UPDATE entry SET size = 9223372036854775807, last_used = -9223372036854775808;
            INSERT INTO entry (id, key, last_used, size, credential, upstream, text)
            VALUES (9223372036854775807, x'01', 'later', -9223372036854775808, x'', x'', 'text'),
                (-5, 'no key', 0, 'long', 5, 5, 5);
            PRAGMA user_version = -1;
            """)
        for number in 0..<4 {
            try caller.save(to: store, [SampleResponses.entry(number, text: [UInt8(number)])])
            network.advance(by: .seconds(2))
            #expect(try text(store, number) == [UInt8(number)])
        }
        try caller.maintain(store)
        caller.close(store)
        let small = try SQLiteStore(
            path: directory.file("reprise.db"), maxBytes: 1, network: network, logger: log.logger)
        try caller.save(
            to: small,
            (0..<20).map { SampleResponses.entry($0, text: [UInt8](repeating: 1, count: 100_000)) })
        #expect(try text(small, 19) != nil)
        caller.close(small)
        #expect(log.messages == [])
    }
}
