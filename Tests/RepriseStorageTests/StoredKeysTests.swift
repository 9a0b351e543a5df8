import Foundation
import RepriseCore
import RepriseLogging
import RepriseNetwork
import Synchronization
import Testing

@testable import RepriseStorage

/// Misses that are known without the disk: never is a key denied that is stored.
struct StoredKeysTests {
    private let directory: TemporaryDirectory
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let caller: PlayedCaller

    init() throws {
        directory = try TemporaryDirectory()
        caller = PlayedCaller(network)
    }

    private var path: String { directory.file("reprise.db") }

    private func open() throws -> SQLiteStore {
        try SQLiteStore(path: path, maxBytes: 1 << 30, network: network, logger: log.logger)
    }

    private func save(_ numbers: some Sequence<Int>, to store: SQLiteStore) throws {
        try caller.save(to: store, numbers.map { SampleResponses.entry($0, text: [1]) })
    }

    private func denied(_ numbers: some Sequence<Int>, by store: SQLiteStore) -> Int {
        numbers.count { store.certainlyLacks(SampleResponses.key($0)) }
    }

    @Test func nothingIsSureBeforeTheKeysAreRead() throws {
        let store = try open()
        #expect(denied(0..<10, by: store) == 0)
        network.run()
        #expect(denied(0..<10, by: store) == 10)
        caller.close(store)
        #expect(denied(0..<10, by: store) == 0)
    }

    @Test func ownWritesKeepMissesSure() throws {
        let store = try open()
        network.run()
        for round in 0..<20 {
            try save(round * 10..<round * 10 + 10, to: store)
            #expect(denied(0..<round * 10 + 10, by: store) == 0)
            // But for some that only seem to be there.
            #expect(denied(1000..<1100, by: store) > 95)
        }
        try caller.remove(199, from: store)
        try caller.maintain(store)
        #expect(denied(1000..<1100, by: store) > 95)
        caller.close(store)
    }

    @Test func keysOfAnEarlierRunAreRead() throws {
        let first = try open()
        try save(0..<5000, to: first)
        caller.close(first)
        let second = try open()
        network.run()
        #expect(denied(0..<5000, by: second) == 0)
        #expect(denied(10_000..<11_000, by: second) > 950)
        caller.close(second)
    }

    @Test func writesWhileTheKeysAreReadAreNotMissed() throws {
        let first = try open()
        try save(0..<9000, to: first)
        caller.close(first)
        let store = try open()
        let other = try open()
        var number = 20_000
        // One of either between any two steps.
        while network.step() {
            guard number < 20_040 else { continue }
            let writer = number % 2 == 0 ? store : other
            writer.write([
                .save(SampleResponses.entry(number, text: [1])),
                .save(SampleResponses.entry(number - 20_000, text: [2])),
                .remove(SampleResponses.key(number - 15_000)),
            ]) { _ in }
            number += 1
        }
        network.advance(by: .seconds(60))
        _ = try caller.load(1, from: store)
        for store in [store, other] {
            for stored in Array(0..<9000) + Array(20_000..<number) {
                guard store.certainlyLacks(SampleResponses.key(stored)) else { continue }
                #expect(try caller.load(stored, from: store) == nil)
            }
        }
        #expect(denied(30_000..<31_000, by: store) > 950)
        caller.close(store)
        caller.close(other)
    }

    @Test func writesOfAnotherAreSeenAtOnceAndCaughtUpWith() throws {
        let store = try open()
        let other = try open()
        network.run()
        for round in 0..<20 {
            try save([round], to: other)
            // No commit of another is overlooked, so nothing is sure.
            #expect(denied(0..<200, by: store) == 0)
            // Asking the disk catches up.
            #expect(try caller.load(round, from: store) == [1])
            #expect(denied(0...round, by: store) == 0)
            #expect(denied(1000..<1100, by: store) > 95)
        }
        caller.close(store)
        caller.close(other)
    }

    @Test func openingCommitsNothing() throws {
        let store = try open()
        try save(0..<10, to: store)
        network.run()
        let other = try open()
        #expect(denied(1000..<1100, by: store) > 95)
        caller.close(other)
        #expect(denied(1000..<1100, by: store) > 95)
        caller.close(store)
    }

    @Test func rowNumbersThatAreUsedTwiceAreNoticed() throws {
        let store = try open()
        try save(0..<10, to: store)
        network.run()
        // Another program, which knows nothing of our counting.
        let other = try SQLiteConnection(path: path, for: .writing)
        try other.execute("DELETE FROM entry WHERE id = 10")
        try other.execute(
            """
            INSERT INTO entry (key, last_used, size, credential, upstream, text)
            VALUES (x'\(String(decoding: SampleResponses.key(77).hex, as: UTF8.self))', 1, 1,
                x'', x'', x'41');
            """)
        #expect(try other.number("SELECT max(id) FROM entry") == 10)
        #expect(try caller.load(1, from: store) == [1])
        #expect(!store.certainlyLacks(SampleResponses.key(77)))
        // All keys are read anew, after a while.
        network.advance(by: .seconds(2))
        _ = try caller.load(1, from: store)
        #expect(denied([77], by: store) == 0)
        #expect(denied(1000..<1100, by: store) > 95)
        caller.close(store)
    }

    @Test func ourOwnRemovalOfTheLastRowIsNoticedByOthers() throws {
        let store = try open()
        let other = try open()
        try save(0..<10, to: store)
        _ = try caller.load(0, from: other)
        _ = try caller.load(0, from: store)
        #expect(denied(1000..<1100, by: other) > 95)
        try caller.remove(9, from: store)
        try save([50], to: store)
        #expect(denied([50], by: other) == 0)
        _ = try caller.load(0, from: other)
        #expect(denied([50], by: other) == 0)
        #expect(denied([50], by: store) == 0)
        network.advance(by: .seconds(2))
        _ = try caller.load(0, from: other)
        network.run()
        #expect(denied([50], by: other) == 0)
        #expect(denied(1000..<1100, by: other) > 95)
        caller.close(store)
        caller.close(other)
    }

    /// Two stores and another program write at random; what is stored is never denied.
    @Test(arguments: 1...6)
    func whatIsStoredIsNeverDenied(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let stores = [try open(), try open()]
        let foreign = try SQLiteConnection(path: path, for: .writing)
        var stored: Set<Int> = []
        var sure = 0
        for _ in 0..<400 {
            let store = stores[Int(random.next() % 2)]
            let number = Int(random.next() % 60)
            switch random.next() % 12 {
            case 0...3:
                try save([number], to: store)
                stored.insert(number)
            case 4...6:
                try caller.remove(number, from: store)
                stored.remove(number)
            case 7:
                try save(number..<number + 5, to: store)
                stored.formUnion(number..<number + 5)
            case 8 where seed > 3:
                let hex = String(decoding: SampleResponses.key(number).hex, as: UTF8.self)
                try foreign.execute(
                    """
                    DELETE FROM entry WHERE id = (SELECT max(id) FROM entry);
                    """)
                stored = try Self.stored(foreign)
                try foreign.execute(
                    """
                    INSERT OR REPLACE INTO entry (key, last_used, size, credential, upstream, text)
                    VALUES (x'\(hex)', 1, 1, x'', x'', x'41');
                    """)
                stored.insert(number)
            case 9: try caller.maintain(store)
            case 10: network.advance(by: .milliseconds(700))
            default:
                let text = try caller.load(number, from: store)
                #expect((text != nil) == stored.contains(number))
            }
            for store in stores {
                #expect(denied(stored, by: store) == 0)
                sure += denied(100..<110, by: store)
            }
        }
        #expect(sure > 500)
        for store in stores { caller.close(store) }
    }

    private static func stored(_ connection: SQLiteConnection) throws -> Set<Int> {
        var keys: Set<CacheKey> = []
        try connection.run("SELECT key FROM entry") { row in
            if let key = row.withBytes(0, { CacheKey(digest: $0) }) { keys.insert(key) }
            return true
        }
        return Set((0..<70).filter { keys.contains(SampleResponses.key($0)) })
    }

    private final class Counts: Sendable {
        let written = Atomic(0)
        let wrong = Atomic(0)
    }

    /// Several threads on each side of one file, so that a sanitizer sees them.
    @Test func threadsNeverDenyWhatHasBeenWritten() async throws {
        let network = ThreadNetwork(loops: 1)
        defer { network.stop() }
        let stores = try (0..<2).map { _ in
            StoreCaller(
                try SQLiteStore(
                    path: path, maxBytes: 1 << 30, network: network, logger: log.logger), network)
        }
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<100 {
                    try await stores[round % 2].save([
                        SampleResponses.entry(round, text: [1])
                    ])
                    counts.written.store(round + 1, ordering: .releasing)
                }
            }
            for store in stores {
                group.addTask {
                    while true {
                        let count = counts.written.load(ordering: .acquiring)
                        for number in 0..<count
                        where store.store.certainlyLacks(SampleResponses.key(number)) {
                            counts.wrong.add(1, ordering: .relaxed)
                        }
                        _ = try await store.load(count)
                        if count == 100 { return }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.wrong.load(ordering: .relaxed) == 0)
        for store in stores { await store.close() }
    }

    /// Another process, which the kernel's shared memory alone connects with this one.
    @Test func commitsOfAnotherProcessAreSeenAtOnce() async throws {
        let store = try open()
        try save(0..<10, to: store)
        network.run()
        #expect(denied(100..<200, by: store) > 95)
        setenv("REPRISE_TEST_DATABASE", path, 1)
        await #expect(processExitsWith: .success) {
            let network = PlayedNetwork()
            guard let path = ProcessInfo.processInfo.environment["REPRISE_TEST_DATABASE"] else {
                exit(1)
            }
            let store = try SQLiteStore(
                path: path, maxBytes: 1 << 30, network: network, logger: LogRecorder().logger)
            let caller = PlayedCaller(network)
            try caller.save(to: store, [SampleResponses.entry(150, text: [1])])
            try caller.save(to: store, [SampleResponses.entry(151, text: [1])])
            // It ends without closing, as if it were killed.
            exit(0)
        }
        #expect(denied(100..<200, by: store) == 0)
        #expect(try caller.load(150, from: store) == [1])
        #expect(denied([150, 151], by: store) == 0)
        #expect(denied(200..<300, by: store) > 95)
        caller.close(store)
    }

    // MARK: - The filter

    @Test func filterForgetsNothingAndIsSeldomWrong() {
        var filter = KeyFilter(forTwice: 50_000)
        for number in 0..<100_000 { filter.insert(SampleResponses.key(number)) }
        #expect((0..<100_000).allSatisfy { filter.mayContain(SampleResponses.key($0)) })
        let wrong = (200_000..<300_000).count { filter.mayContain(SampleResponses.key($0)) }
        #expect(wrong < 500)
        #expect(!filter.isFull)
        filter.insert(SampleResponses.key(100_000))
        #expect(filter.isFull)
    }
}
