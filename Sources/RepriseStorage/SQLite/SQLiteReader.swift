internal import RepriseCore
internal import RepriseNetwork
internal import Synchronization

/// A thread that reads from the database, with a connection of its own.
///
/// Beside look-ups it keeps the ``StoredKeys`` up to date: it reads the keys that other processes
/// have committed, and builds the filter anew, a piece at a time, so that look-ups come between.
final class SQLiteReader: Sendable {
    /// What a look-up found.
    struct Found: Sendable {
        let text: [UInt8]
        /// When it was last used as far as the table knows, in milliseconds since the epoch.
        let lastUsed: Int64
    }

    private struct State {
        var connection: SQLiteConnection?
        /// The file that the connection is open to; see ``StoredKeys``.
        var generation = 0
        var build: Build?
    }

    /// A filter on its way.
    private struct Build {
        /// The state in which it was begun: all keys of it that are still there are found.
        let mark: StoredKeys.Mark
        /// The last key that was read.
        var lastKey: [UInt8] = []
        var spreads: [UInt64] = []
    }

    /// The thread.
    let worker: any Worker
    /// How many look-ups wait for the thread.
    let waiting = Atomic<Int>(0)
    private let file: SQLiteFile
    private let keys: StoredKeys
    /// Locked by the thread alone, to prove that it alone uses the connection.
    private let state = Mutex(State())

    /// How many keys a step of building reads; it takes about half a millisecond.
    private static let buildStep: Int64 = 2048
    /// Up to how many keys there is a filter: a list of them is kept while it is built.
    private static let mostKeys = 1 << 24
    /// How many new keys are read at most to catch up; with more the filter is built anew.
    private static let mostNewKeys: Int64 = 16_384

    init(_ file: SQLiteFile, keys: StoredKeys, worker: any Worker) {
        self.file = file
        self.keys = keys
        self.worker = worker
    }

    // MARK: - Look-ups

    /// Reads an entry; on the thread.
    ///
    /// - Parameter generation: The file that is open for writing.
    func read(
        _ key: CacheKey, now: Int64, generation: Int
    ) -> Result<Found?, StoreError> {
        state.withLock { state in
            do throws(StoreError) {
                let connection = try Self.connection(&state, file, generation)
                return .success(try Self.find(key, now: now, connection))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Closes the connection; on the thread.
    func close() {
        state.withLock { $0 = State() }
    }

    private static func connection(
        _ state: inout State, _ file: SQLiteFile, _ generation: Int
    ) throws(StoreError) -> SQLiteConnection {
        if state.generation == generation, let connection = state.connection { return connection }
        state = State()
        let connection = try file.openForReading()
        state.connection = connection
        state.generation = generation
        return connection
    }

    private static func find(
        _ key: CacheKey, now: Int64, _ connection: SQLiteConnection
    ) throws(StoreError) -> Found? {
        var found: Found?
        try connection.run(
            """
            SELECT last_used, text FROM entry
            WHERE key = ?1 AND (retained_until IS NULL OR retained_until > ?2)
            """, [.blob(key.bytes), .integer(now)]
        ) { row in
            found = Found(text: row.bytes(1), lastUsed: row.integer(0) ?? 0)
            return false
        }
        return found
    }

    // MARK: - Catching up

    /// Reads the keys that others have committed since the filter's mark; on the thread.
    func catchUp(generation: Int) {
        guard keys.isBehind, let mark = keys.mark(generation: generation) else { return }
        state.withLock { state in
            // What fails here leaves the filter behind; look-ups then ask the database.
            guard let connection = try? Self.connection(&state, file, generation),
                let (added, later) = try? newKeys(since: mark, connection)
            else { return }
            guard let later else { return keys.wantBuild(generation: generation) }
            keys.add(added, generation: generation)
            keys.advance(from: mark.header, to: later, generation: generation)
        }
    }

    /// The keys that are new since a state.
    ///
    /// - Returns: The keys and the state that has them, or no state when they cannot be told.
    /// - Throws: ``StoreError/timedOut`` when somebody has just committed.
    private func newKeys(
        since mark: StoredKeys.Mark, _ connection: SQLiteConnection
    ) throws(StoreError) -> (added: [CacheKey], mark: StoredKeys.Mark?) {
        var added: [CacheKey] = []
        let later = try snapshot(connection) { later throws(StoreError) in
            guard mark.isTidy(upTo: later) else { return }
            try connection.run(
                "SELECT key FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2",
                [.integer(mark.lastRow), .integer(Self.mostNewKeys + 1)]
            ) { row in
                if let key = row.withBytes(0, { CacheKey(digest: $0) }) { added.append(key) }
                return true
            }
        }
        let isKnown = mark.isTidy(upTo: later) && added.count <= Int(Self.mostNewKeys)
        return isKnown ? (added, later) : ([], nil)
    }

    /// Looks at one state of the database, and names it.
    ///
    /// - Throws: ``StoreError/timedOut`` when somebody has just committed: then the state has no
    ///   name, for the header may be that of another one.
    @discardableResult
    private func snapshot(
        _ connection: SQLiteConnection,
        _ body: (StoredKeys.Mark) throws(StoreError) -> Void = { _ in }
    ) throws(StoreError) -> StoredKeys.Mark {
        // Of the file that is open for writing, and of no other that may be at the path by now.
        guard let index = connection.walIndex, keys.isOf(index), let before = index.header else {
            throw .unavailable("the database is being replaced")
        }
        try connection.run("BEGIN")
        defer { connection.rollBack() }
        let contents = SQLiteState(connection)
        let mark = try contents.mark(before)
        // The transaction began with the first read, between the two looks at the header.
        guard index.header == before else { throw .timedOut }
        try body(mark)
        return mark
    }

    // MARK: - Building

    /// Builds the filter, a step at a time; on the thread.
    func build(generation: Int) {
        let next = state.withLock { state -> NextStep in
            do throws(StoreError) {
                let connection = try Self.connection(&state, file, generation)
                if state.build == nil {
                    state.build = Build(mark: try snapshot(connection))
                    return .soon
                }
                return try step(&state, connection)
            } catch {
                state.build = nil
                return .end(nil)
            }
        }
        switch next {
        case .soon: worker.submit { [weak self] in self?.build(generation: generation) }
        case .end(let result):
            keys.endBuilding(result, generation: generation)
            // The larger the filter, the more seldom.
            let pause = Duration.seconds(1) + .microseconds(5) * (result?.count ?? 0)
            worker.submit(after: pause) { [keys] in keys.allowBuilding(generation: generation) }
        }
    }

    private enum NextStep {
        case soon
        case end(StoredKeys.Built?)
    }

    private func step(
        _ state: inout State, _ connection: SQLiteConnection
    ) throws(StoreError) -> NextStep {
        guard let begun = state.build else { return .end(nil) }
        state.build = nil
        var build = begun
        var rows: Int64 = 0
        try connection.run(
            "SELECT key FROM entry WHERE key > ?1 ORDER BY key LIMIT ?2",
            [.blob(build.lastKey), .integer(Self.buildStep)]
        ) { row in
            rows += 1
            // What is no key cannot be asked for.
            if let key = row.withBytes(0, { CacheKey(digest: $0) }) {
                build.spreads.append(UInt64(truncatingIfNeeded: key.spread))
            }
            if rows == Self.buildStep { build.lastKey = row.bytes(0) }
            return true
        }
        guard build.spreads.count <= Self.mostKeys else { return .end(nil) }
        guard rows < Self.buildStep else {
            state.build = build
            return .soon
        }
        // What was committed meanwhile, before or behind the place that was being read.
        let (added, mark): ([CacheKey], StoredKeys.Mark?)
        do throws(StoreError) {
            (added, mark) = try newKeys(since: build.mark, connection)
        } catch .timedOut {
            // Somebody has just committed: the last step is done once more.
            state.build = begun
            return .soon
        }
        guard let mark else { return .end(nil) }
        var filter = KeyFilter(forTwice: build.spreads.count + added.count)
        for spread in build.spreads { filter.insert(spread) }
        for key in added { filter.insert(key) }
        return .end(
            StoredKeys.Built(
                filter: filter, mark: mark, count: build.spreads.count + added.count))
    }
}
