import Foundation
import GRDB
import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

struct SQLiteDamageTests {
    private let directory: TemporaryDirectory
    private let clock = ManualClock()
    private let log = LogRecorder()

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ name: String = "reprise.db") throws -> SQLiteStore {
        try SQLiteStore(
            path: directory.file(name), maxBytes: 1 << 30, clock: clock.wallClock,
            logger: log.logger)
    }

    private func text(_ store: SQLiteStore, _ number: Int) async throws -> [UInt8]? {
        try await store.load(SampleResponses.key(number)).map { Array($0.readableBytesView) }
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
    func fileThatIsNotADatabaseIsSetAside(file: NotADatabase) async throws {
        let bytes = file.bytes
        try write(bytes, to: "reprise.db")
        try write([1, 2, 3], to: "reprise.db-wal")
        let store = try open()
        #expect(log.messages(containing: "set aside").count == 1)
        #expect(try setAside().first == "reprise.db.corrupt-\(clock.now)")
        let kept = try Data(
            contentsOf: URL(fileURLWithPath: directory.file("reprise.db.corrupt-\(clock.now)")))
        #expect(Array(kept) == bytes)
        try await store.save([SampleResponses.entry(1, text: [1])])
        #expect(try await text(store, 1) == [1])
        await store.close()
        let again = try open()
        #expect(try await text(again, 1) == [1])
        #expect(log.messages(containing: "set aside").count == 1)
        await again.close()
    }

    @Test func emptyFileIsANewDatabase() async throws {
        try write([], to: "reprise.db")
        let store = try open()
        try await store.save([SampleResponses.entry(1, text: [1])])
        #expect(try setAside().isEmpty)
        await store.close()
    }

    @Test func damageFoundLaterIsSetAsideByTheNextWrite() async throws {
        let first = try open()
        try await first.save(
            (0..<200).map {
                SampleResponses.entry($0, text: [UInt8](repeating: 65, count: 3000))
            })
        await first.close()
        // The header and the schema stay whole; everything behind them is rubbish.
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
                _ = try await text(store, number)
            } catch {
                damage += 1
            }
        }
        #expect(damage > 0)
        try await store.maintain()
        #expect(log.messages(containing: "set aside").count == 1)
        #expect(try setAside().isEmpty == false)
        try await store.save([SampleResponses.entry(1, text: [1])])
        #expect(try await text(store, 1) == [1])
        #expect(try await text(store, 2) == nil)
        await store.close()
        #expect(try directory.names().contains("reprise.db"))
    }

    @Test func newerVersionIsRefusedAndLeftAlone() async throws {
        let store = try open()
        try await store.save([SampleResponses.entry(1, text: [1])])
        await store.close()
        let queue = try DatabaseQueue(path: directory.file("reprise.db"))
        try await queue.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('2')")
        }
        try queue.close()
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .incompatible(let reason) = error else {
            Issue.record("expected incompatible, got \(String(describing: error))")
            return
        }
        #expect(reason.contains("newer version"))
        #expect(reason.contains("--store"))
        #expect(try setAside().isEmpty)
    }

    @Test func databaseOfAnotherProgramIsRefusedAndLeftAlone() async throws {
        let queue = try DatabaseQueue(path: directory.file("reprise.db"))
        try await queue.write { try $0.execute(sql: "CREATE TABLE diary (day TEXT, text TEXT)") }
        try queue.close()
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
    @Test func copyTakenBetweenWritesHoldsWholeEntriesOnly() async throws {
        let store = try open()
        for round in 0..<6 {
            try await store.save(
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
                guard let text = try await text(copy, number) else {
                    found.insert(-1)
                    continue
                }
                #expect(text == Self.text(number, Int(text[0])))
                found.insert(Int(text[0]))
            }
            // A batch is there altogether or not at all.
            #expect(found.count == 1)
            rounds.formUnion(found)
            try await copy.save([SampleResponses.entry(1, text: [1])])
            await copy.close()
        }
        #expect(rounds.count > 3)
        #expect(self.log.messages(containing: "set aside").isEmpty)
        await store.close()
    }

    private static func text(_ number: Int, _ round: Int) -> [UInt8] {
        [UInt8(round)] + [UInt8](repeating: UInt8(number), count: 1000 * (number % 7 + 1))
    }
}
