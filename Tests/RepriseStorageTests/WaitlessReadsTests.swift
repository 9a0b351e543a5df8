import Foundation
import GRDB
import Logging
import NIOCore
import NIOPosix
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

/// What an event loop reads of a database itself, and what it leaves to another thread.
@Suite(.timeLimit(.minutes(5)))
struct WaitlessReadsTests {
    private let directory: TemporaryDirectory
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let logger = Logger(label: "test")

    private var path: String { directory.file("reprise.db") }

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteStore {
        try SQLiteStore(
            path: path, maxBytes: 1 << 30, lookupDeadline: .seconds(60), clock: .system,
            logger: logger)
    }

    private func text(_ number: Int, length: Int) -> ByteBuffer {
        ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: length)
    }

    /// Stores texts of so many bytes under the keys from 0 on.
    private func fill(_ lengths: [Int]) async throws {
        let store = try open()
        try await store.save(
            lengths.enumerated().map {
                SampleResponses.entry($0, text: Array(text($0, length: $1).readableBytesView))
            })
        await store.close()
    }

    private func load(_ number: Int, from store: SQLiteStore) async throws -> ByteBuffer? {
        try await loop.flatSubmit { [loop] in
            store.load(SampleResponses.key(number), on: loop)
        }.get()
    }

    private func find(_ number: Int, _ db: Database) throws -> SQLiteContents.Found {
        try SQLiteContents.load(SampleResponses.key(number), below: .max, now: 0, db)
    }

    @Test func eventLoopReadsEntriesOfEveryLength() async throws {
        let lengths = [0, 1, 4000, 65_535, 65_536, 300_000]
        try await fill(lengths)
        let store = try open()
        for _ in 0..<2 {
            for (number, length) in lengths.enumerated() {
                #expect(try await load(number, from: store) == text(number, length: length))
            }
        }
        #expect(try await load(lengths.count, from: store) == nil)
        await store.close()
    }

    #if os(Linux)
        @Test func readsOfThisMachineCanBeKeptFromWaiting() {
            #expect(WaitlessReads.isInstalled)
            #expect(WaitlessReads.perform { WaitlessReads.isUnderWay } == true)
            #expect(!WaitlessReads.isUnderWay)
        }

        @Test(.enabled(if: PageCache.canBeEmptied))
        func whatIsNotInMemoryIsLeftToAnotherThread() async throws {
            try await fill(Array(repeating: 60_000, count: 100))
            while !PageCache.drop(path) { try await Task.sleep(for: .milliseconds(5)) }
            let connection = try SQLiteFile(path: path).open(now: 0, logger: logger)
            for number in [50, 70] {
                let early = connection.readers.readWithoutWaiting { try find(number, $0) }
                #expect(early == nil)
                let read = try connection.readers.read { try find(number, $0) }
                #expect(read.text == text(number, length: 60_000))
                let late = connection.readers.readWithoutWaiting { try find(number, $0) }
                #expect(late?.text == read.text)
            }
            connection.close()

            while !PageCache.drop(path) { try await Task.sleep(for: .milliseconds(5)) }
            let store = try open()
            #expect(try await load(50, from: store) == text(50, length: 60_000))
            await store.close()
        }
    #endif
}
