import Dispatch
import GRDB
public import Logging
public import NIOCore
import NIOPosix
public import RepriseCore
import Synchronization

/// A persistent store in one SQLite file, through GRDB.
///
/// The file is in write-ahead mode, so that readers and the writer do not wait for each other, and
/// several processes may share it. Each batch is one transaction with `synchronous = NORMAL`: a
/// killed process leaves whole entries only, a power failure may lose the last batches.
///
/// The bound counts the pages of the file that hold something. The file itself may be a sixteenth
/// larger, and the write-ahead log beside it holds up to 16 MiB more for a while. Over the bound,
/// the least recently used entries go; uses are noted to the minute and written with the next
/// batch.
///
/// A file that is not a database or turns out damaged is set aside and replaced by an empty one.
public final class SQLiteStore: EventLoopStore {
    /// `sqlite`
    public let kind = "sqlite"

    private let file: SQLiteFile
    private let contents: SQLiteContents
    private let clock: WallClock
    private let logger: Logger
    private let uses = Mutex(RecentUses())
    private let lookupDeadline: TimeAmount
    private let state: Mutex<State>
    /// Everything that changes the file or the connection to it runs here.
    private let queue = DispatchQueue(label: "reprise.sqlite.writer")

    /// How long a write may take before it is left to itself.
    private static let writeDeadline = DispatchTimeInterval.seconds(8)

    /// From how many bytes on a text takes too long to read for an event loop.
    private static let longText: Int64 = 64 << 10

    private struct State: Sendable {
        /// nil once closed, or while a damaged file could not be replaced.
        var connection: SQLiteFile.Connection?
        /// How damage was noticed; the next write replaces the file.
        var damage: String?
        var isClosed = false
        /// Whether a write is under way, perhaps one that nobody waits for any more.
        var isWriting = false
    }

    /// Opens the store, and creates directories (for their owner only) and the file (readable by
    /// its owner only) as needed. Blocks for a few milliseconds.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the database file.
    ///   - maxBytes: The bound of the store in bytes, 1 MiB at least.
    ///   - lookupDeadline: How long a lookup on an event loop may wait for its answer.
    /// - Throws: ``StoreError/incompatible(_:)`` for another program's or a newer version's
    ///   database, and ``StoreError/unavailable(_:)`` when the file can be neither opened nor
    ///   created.
    public convenience init(
        path: String, maxBytes: Int64, lookupDeadline: Duration = .milliseconds(50),
        clock: WallClock = .system, logger: Logger
    ) throws(StoreError) {
        try self.init(
            file: SQLiteFile(path: path), maxBytes: maxBytes, lookupDeadline: lookupDeadline,
            clock: clock, logger: logger)
    }

    /// Opens the store in a file that may be limited in pages.
    init(
        file: SQLiteFile, maxBytes: Int64, lookupDeadline: Duration = .milliseconds(50),
        clock: WallClock, logger: Logger
    ) throws(StoreError) {
        // Not while databases are in use, if it can be helped.
        _ = WaitlessReads.isInstalled
        self.file = file
        self.lookupDeadline = TimeAmount(lookupDeadline)
        self.contents = SQLiteContents(maxBytes: max(1 << 20, maxBytes))
        self.clock = clock
        self.logger = logger
        self.state = Mutex(State(connection: try file.open(now: clock.now(), logger: logger)))
    }

    /// Reads an entry; see ``ResponseStore/load(_:)``.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        let answer = OneAnswer<ByteBuffer?>()
        readInBackground(key) { answer.give($0) }
        return try await answer.takeUnlessCancelled()
    }

    /// Reads an entry at once when all of it is in memory, on another thread otherwise; see
    /// ``EventLoopStore/load(_:on:)``.
    public func load(
        _ key: CacheKey, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ByteBuffer?> {
        switch findWithoutWaiting(key) {
        case .nothing: return eventLoop.makeSucceededFuture(nil)
        case .entry(let text, _): return eventLoop.makeSucceededFuture(text)
        case .longerEntry, nil: break
        }
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        let deadline = eventLoop.scheduleTask(in: lookupDeadline) {
            promise.fail(StoreError.timedOut)
        }
        readInBackground(key) { result in
            eventLoop.execute {
                deadline.cancel()
                promise.completeWith(result.mapError { $0 as any Error })
            }
        }
        return promise.futureResult
    }

    /// Reads an entry where it does not matter how long the file system takes.
    private func readInBackground(
        _ key: CacheKey,
        _ answer: @escaping @Sendable (Result<ByteBuffer?, StoreError>) -> Void
    ) {
        NIOThreadPool.singleton.submit { [weak self] state in
            guard let self, state == .active else {
                return answer(.failure(.unavailable("the store is closed")))
            }
            answer(read(key))
        }
    }

    private func read(_ key: CacheKey) -> Result<ByteBuffer?, StoreError> {
        guard let readers else {
            return .failure(.unavailable("the database is closed or being replaced"))
        }
        let now = clock.now()
        do {
            let found = try readers.read {
                try SQLiteContents.load(key, below: .max, now: now, $0)
            }
            noteUse(of: found, key, now: now)
            return .success(found.text)
        } catch {
            return .failure(notice(error))
        }
    }

    /// Looks an entry up unless that takes waiting; what fails is left to another thread as well.
    private func findWithoutWaiting(_ key: CacheKey) -> SQLiteContents.Found? {
        let now = clock.now()
        let found = readers?.readWithoutWaiting {
            try SQLiteContents.load(key, below: Self.longText, now: now, $0)
        }
        if let found { noteUse(of: found, key, now: now) }
        return found
    }

    private var readers: SQLiteReaders? {
        state.withLock { $0.damage == nil ? $0.connection?.readers : nil }
    }

    private func noteUse(of found: SQLiteContents.Found, _ key: CacheKey, now: Int64) {
        guard case .entry(_, let lastUsed) = found else { return }
        uses.withLock { $0.note(key, known: lastUsed, now: now) }
    }

    /// Stores entries in one transaction; see ``ResponseStore/save(_:)``. An entry larger than
    /// half the bound is left out.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        let now = clock.now()
        try await write { [contents] db in
            try contents.removeExpired(db, now: now)
            try contents.save(entries, now: now, db)
        }
    }

    /// Removes entries in one transaction; see ``ResponseStore/remove(_:)``.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        try await write { [contents] db in try contents.remove(keys, db) }
    }

    /// Writes noted uses, removes expired entries and shrinks the file.
    public func maintain() async throws(StoreError) {
        let now = clock.now()
        try await write { [contents] db in
            try contents.removeExpired(db, now: now)
            try contents.makeRoom(for: 0, db)
        }
    }

    /// Closes the file, after the write that is under way.
    public func close() async {
        let answer = OneAnswer<Void>()
        queue.async { [self] in
            let (connection, damage) = state.withLock { state in
                state.isClosed = true
                defer { state.connection = nil }
                return (state.connection, state.damage)
            }
            if damage == nil {
                // SQLite does this when the last connection closes, but not when that is one of
                // GRDB's, which only reads. What cannot be moved now is moved at the next start.
                _ = try? connection?.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            }
            connection?.close()
            answer.give(.success(()))
        }
        queue.activateDeadline(Self.writeDeadline, answer)
        // Past its deadline there is nothing to be done about a file that does not close.
        try? await answer.take()
    }

    // MARK: - Writing

    private func write(
        _ work: @escaping @Sendable (Database) throws -> Void
    ) async throws(StoreError) {
        let isFree = state.withLock { state in
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // A file system that hangs must not pile up the batches that wait for it.
        guard isFree else { throw .unavailable("an earlier write is still under way") }
        let answer = OneAnswer<Void>()
        queue.async { [self] in
            let result = perform(work)
            state.withLock { $0.isWriting = false }
            answer.give(result)
        }
        queue.activateDeadline(Self.writeDeadline, answer)
        try await answer.take()
    }

    private func perform(_ work: (Database) throws -> Void) -> Result<Void, StoreError> {
        do {
            let pool = try usablePool()
            let uses = uses.withLock { $0.drain() }
            try pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    try contents.touch(uses, db)
                    try work(db)
                    return .commit
                }
            }
            return .success(())
        } catch {
            return .failure(notice(error))
        }
    }

    /// The connection, after replacing a file that turned out to be damaged.
    private func usablePool() throws(StoreError) -> DatabasePool {
        let (connection, damage, isClosed) = state.withLock { state in
            (state.connection, state.damage, state.isClosed)
        }
        guard !isClosed else { throw .unavailable("the database is closed") }
        if let damage, let connection {
            try file.setAside(
                now: clock.now(), inode: connection.inode, reason: damage, logger: logger)
            state.withLock { $0.connection = nil }
            connection.close()
        } else if let connection {
            return connection.pool
        }
        let new = try file.open(now: clock.now(), logger: logger)
        state.withLock { state in
            state.connection = new
            state.damage = nil
        }
        return new.pool
    }

    /// Says what an error means, and remembers damage.
    private func notice(_ error: any Error) -> StoreError {
        let error = StoreError(error)
        if case .corrupt(let reason) = error {
            state.withLock { $0.damage = reason }
        }
        return error
    }
}

extension DispatchQueue {
    /// Gives up waiting for an answer after a while; the work itself goes on.
    fileprivate func activateDeadline(
        _ deadline: DispatchTimeInterval, _ answer: OneAnswer<Void>
    ) {
        DispatchQueue.global().asyncAfter(deadline: .now() + deadline) {
            answer.give(.failure(.timedOut))
        }
    }
}
