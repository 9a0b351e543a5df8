public import RepriseCore
public import RepriseLogging
public import RepriseNetwork
internal import Synchronization

/// A persistent store in one SQLite file.
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
/// A file that is not a database or turns out damaged is set aside and replaced by an empty one; one
/// that was deleted or replaced while it was open is noticed by the next write.
///
/// All that may wait for the disk runs on threads of the store's own: two that read, one that
/// writes. That nothing is stored under a key is mostly known without them; see ``StoredKeys``.
public final class SQLiteStore: ResponseStore {
    /// `sqlite`
    public let kind = "sqlite"

    private let keys = StoredKeys()
    private let uses = Mutex(RecentUses())
    private let readers: [SQLiteReader]
    private let writing: any Worker
    /// Locked by the writer's thread alone, to prove that it alone uses the connection.
    private let writer: Mutex<SQLiteWriter>
    private let state: Mutex<State>
    private let network: any Network

    private struct State: Sendable {
        /// The file that is open for writing; nil once closed, or while a damaged file could not be
        /// replaced.
        var generation: Int?
        /// How damage was noticed; the next write replaces the file.
        var damage: String?
        var isClosed = false
        /// Whether a write is under way, perhaps one that nobody waits for any more.
        var isWriting = false
    }

    /// How many look-ups may wait for one thread: more can only be there while the disk hangs.
    private static let mostWaiting = 1024

    /// Opens the store, and creates directories (for their owner only) and the file (readable by
    /// its owner only) as needed. Blocks for a few milliseconds.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the database file.
    ///   - maxBytes: The bound of the store in bytes, 1 MiB at least.
    ///   - network: Where threads and the time come from.
    /// - Throws: ``StoreError/incompatible(_:)`` for another program's or a newer version's
    ///   database, and ``StoreError/unavailable(_:)`` when the file can be neither opened nor
    ///   created.
    public convenience init(
        path: String, maxBytes: Int64, network: any Network, logger: Logger
    ) throws(StoreError) {
        try self.init(
            file: SQLiteFile(path: path), maxBytes: maxBytes, network: network, logger: logger)
    }

    /// Opens the store in a file that may be limited in pages.
    init(
        file: SQLiteFile, maxBytes: Int64, network: any Network, logger: Logger
    ) throws(StoreError) {
        let writer = try SQLiteWriter(
            file, maxBytes: max(1 << 20, maxBytes), keys: keys, now: network.loops[0].wallClock,
            logger: logger)
        state = Mutex(State(generation: writer.generation))
        self.writer = Mutex(writer)
        self.network = network
        writing = network.makeWorker(named: "sqlite-write")
        readers = ["sqlite-read-1", "sqlite-read-2"].map { [keys] name in
            SQLiteReader(file, keys: keys, worker: network.makeWorker(named: name))
        }
        buildKeysIfDue()
    }

    // MARK: - Reading

    /// Whether nothing is stored under a key; see ``ResponseStore/certainlyLacks(_:)``.
    public func certainlyLacks(_ key: CacheKey) -> Bool { keys.certainlyLack(key) }

    /// Reads an entry on a thread of the store; see ``ResponseStore/load(_:on:_:)``.
    public func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        let load = SQLiteLoad(completion)
        let (bound, isGivenUp) = (LoopBound(load, on: loop), load.isGivenUp)
        let reader = reader
        let refusal = state.withLock { state -> StoreError? in
            if state.isClosed { return .unavailable("the database is closed") }
            guard reader.waiting.load(ordering: .relaxed) < Self.mostWaiting else {
                return .timedOut
            }
            reader.waiting.add(1, ordering: .relaxed)
            // Under the lock, so that it is given to the thread before the thread is told to end.
            reader.worker.submit { [self] in
                reader.waiting.subtract(1, ordering: .relaxed)
                guard !isGivenUp.flag.load(ordering: .relaxed) else { return }
                let result = read(key, by: reader)
                loop.post { bound.value.finish(result) }
                keepKeysUp(by: reader)
            }
            return nil
        }
        if let refusal { loop.post { bound.value.finish(.failure(refusal)) } }
        return load
    }

    /// The reader for whom the fewest wait.
    private var reader: SQLiteReader {
        let (first, second) = (readers[0], readers[1])
        return first.waiting.load(ordering: .relaxed) <= second.waiting.load(ordering: .relaxed)
            ? first : second
    }

    private func read(_ key: CacheKey, by reader: SQLiteReader) -> Result<[UInt8]?, StoreError> {
        guard let generation = readableGeneration else {
            return .failure(.unavailable("the database is closed or being replaced"))
        }
        let now = now
        switch reader.read(key, now: now, generation: generation) {
        case .success(let found):
            if let found { uses.withLock { $0.note(key, known: found.lastUsed, now: now) } }
            return .success(found?.text)
        case .failure(let error):
            return .failure(notice(error, in: generation))
        }
    }

    private var readableGeneration: Int? {
        state.withLock { $0.damage == nil && !$0.isClosed ? $0.generation : nil }
    }

    /// Catches up with what other processes have committed; on the reader's thread.
    private func keepKeysUp(by reader: SQLiteReader) {
        guard let generation = readableGeneration else { return }
        reader.catchUp(generation: generation)
        buildKeysIfDue()
    }

    private func buildKeysIfDue() {
        guard let generation = readableGeneration, keys.beginBuilding() else { return }
        // The one that look-ups prefer less.
        let reader = readers[1]
        reader.worker.submit { reader.build(generation: generation) }
    }

    // MARK: - Writing

    /// Does what a batch says in one transaction; see ``ResponseStore/write(_:_:)``. An entry larger
    /// than half the bound is left out.
    public func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        perform(batch, isUpkeep: false, completion)
    }

    /// Writes noted uses, removes expired entries and shrinks the file.
    public func maintain(_ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        perform([], isUpkeep: true, completion)
    }

    private func perform(
        _ batch: [StoreWrite], isUpkeep: Bool,
        _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        let refusal = state.withLock { state -> StoreError? in
            if state.isClosed { return .unavailable("the database is closed") }
            // A file system that hangs must not pile up the batches that wait for it.
            if state.isWriting { return .unavailable("an earlier write is still under way") }
            state.isWriting = true
            // Under the lock, as look-ups are.
            writing.submit { [self] in
                let result = perform(batch, isUpkeep: isUpkeep)
                self.state.withLock { $0.isWriting = false }
                completion(result)
                buildKeysIfDue()
            }
            return nil
        }
        if let refusal { completion(.failure(refusal)) }
    }

    private func perform(_ batch: [StoreWrite], isUpkeep: Bool) -> Result<Void, StoreError> {
        let (damage, now) = (state.withLock { $0.damage }, now)
        let (mending, writing) = writer.withLock { writer -> (StoreError?, StoreError?) in
            do throws(StoreError) {
                try writer.mend(damage: damage, now: now)
            } catch {
                state.withLock { $0.generation = writer.generation }
                return (error, nil)
            }
            let uses = uses.withLock { $0.drain() }
            state.withLock { state in
                if state.generation != writer.generation { state.damage = nil }
                state.generation = writer.generation
            }
            do throws(StoreError) {
                try writer.perform(
                    SQLiteWriter.Work(batch: batch, uses: uses, isUpkeep: isUpkeep), now: now)
                return (nil, nil)
            } catch {
                return (nil, error)
            }
        }
        if let mending { return .failure(mending) }
        if let writing { return .failure(notice(writing, in: nil)) }
        return .success(())
    }

    /// Remembers damage.
    ///
    /// - Parameter generation: The file that has it; nil for the one that is open for writing.
    private func notice(_ error: StoreError, in generation: Int?) -> StoreError {
        guard case .corrupt(let reason) = error else { return error }
        state.withLock { state in
            // It may have been replaced meanwhile.
            if generation == nil || generation == state.generation { state.damage = reason }
        }
        return error
    }

    // MARK: - Closing

    /// Closes the file and ends the threads, after what is under way.
    public func close(_ completion: @escaping @Sendable () -> Void) {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return completion() }
        let countdown = Countdown(1 + readers.count, completion)
        for reader in readers {
            reader.worker.submit {
                reader.close()
                countdown.step()
            }
            reader.worker.stop()
        }
        writing.submit { [self] in
            let damage = state.withLock { $0.damage }
            writer.withLock { writer in
                let uses = uses.withLock { $0.drain() }
                if damage == nil, !uses.isEmpty {
                    // Uses that cannot be written any more are forgotten.
                    try? writer.perform(
                        SQLiteWriter.Work(batch: [], uses: uses, isUpkeep: false), now: now)
                }
                writer.close(isDamaged: damage != nil)
            }
            countdown.step()
        }
        writing.stop()
    }

    private var now: Int64 { network.loops[0].wallClock }
}
