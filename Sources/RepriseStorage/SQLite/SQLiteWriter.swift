internal import RepriseCore
internal import RepriseLogging

/// The connection that writes to the database, and how it is opened, replaced and kept up. On one
/// thread.
///
/// The write-ahead log is copied to the database under the write lock, held by a second connection:
/// in SQLite 3.7.0 to 3.51.2 a commit beside a checkpoint may lose rows
/// (<https://www.sqlite.org/wal.html#walresetbug>), and processes that share the file would meet
/// that.
struct SQLiteWriter {
    /// What is written in one transaction.
    struct Work: Sendable {
        var batch: [StoreWrite]
        var uses: [CacheKey: Int64]
        /// Whether the file is shrunk though nothing is saved.
        var isUpkeep: Bool
    }

    /// An open database.
    private struct Open {
        let connection: SQLiteConnection
        let contents: SQLiteContents
        /// nil where SQLite keeps it in an unknown way; then there are no sure misses.
        let index: WALIndex?
        let files: SQLiteFile.Identities
        /// The number of the file in ``StoredKeys``.
        let generation: Int
        /// Keeps others from writing during a checkpoint; nil until the first one.
        var lock: SQLiteConnection?
        /// How many pages the log held after the last checkpoint.
        var checkpointedFrames: UInt32 = 0
    }

    private let file: SQLiteFile
    private let maxBytes: Int64
    private let keys: StoredKeys
    private let logger: Logger
    private var open: Open?

    /// From how many pages in the log on it is copied, and how many more there have to be before
    /// that is tried again.
    private static let checkpointFrames: UInt32 = 2000

    /// Opens the database.
    init(
        _ file: SQLiteFile, maxBytes: Int64, keys: StoredKeys, now: Int64, logger: Logger
    ) throws(StoreError) {
        self.file = file
        self.maxBytes = maxBytes
        self.keys = keys
        self.logger = logger
        try begin(now: now)
    }

    /// The number of the file that is open; nil when none is.
    var generation: Int? { open?.generation }

    // MARK: - The file

    private mutating func begin(now: Int64) throws(StoreError) {
        let connection = try file.open(now: now, logger: logger)
        let contents = try SQLiteContents(connection, maxBytes: maxBytes)
        let index = connection.walIndex
        open = Open(
            connection: connection, contents: contents, index: index, files: file.identities,
            generation: keys.reset(index: index))
    }

    /// Puts an empty database in the place of one that is damaged, and a new connection in the place
    /// of one whose file is not at its path any more.
    ///
    /// - Parameter damage: How damage was noticed; nil when none was.
    mutating func mend(damage: String?, now: Int64) throws(StoreError) {
        if let current = open, let damage {
            try file.setAside(
                now: now, database: current.files.database, reason: damage, logger: logger)
            drop()
        } else if let current = open, current.connection.hasMoved {
            logger.log(
                .warning,
                "The database file was deleted or replaced; the cache goes on with the one at its path.",
                [LogField("file", .text(file.path))])
            file.removeCompanions(of: current.files)
            drop()
        }
        if open == nil { try begin(now: now) }
    }

    /// Closes the database, after copying what is in the log.
    mutating func close(isDamaged: Bool) {
        // What cannot be copied now is copied the next time.
        if !isDamaged, open?.connection.hasMoved == false { try? checkpoint() }
        drop()
    }

    private mutating func drop() {
        // First the keys, which look into the memory that the connection has mapped.
        keys.reset(index: nil)
        open = nil
    }

    // MARK: - Writing

    /// Does work in one transaction.
    mutating func perform(_ work: Work, now: Int64) throws(StoreError) {
        guard let open else { throw .unavailable("the database is closed") }
        let (connection, contents) = (open.connection, open.contents)
        var before: WALIndex.Header?
        var (version, lastRow, tidyCommits): (Int64?, Int64, UInt32) = (nil, 0, 0)
        try connection.transaction { () throws(StoreError) in
            // Nobody else commits from here on, so the header names this very state.
            version = try connection.number("PRAGMA data_version")
            before = open.index?.header
            let changes = connection.changes
            let lastBefore = try contents.state.lastRow()
            tidyCommits = try contents.state.tidyCommits()
            try contents.touch(work.uses)
            try contents.removeExpired(now: now)
            let added = try contents.apply(
                work.batch, after: lastBefore, now: now,
                isNew: { key in before.map { keys.certainlyLack(key, in: $0) } ?? false })
            let isVacuumed = work.isUpkeep ? try contents.makeRoom(for: 0) : false
            keys.add(added, generation: open.generation)
            lastRow = try contents.state.lastRow()
            guard connection.changes != changes || isVacuumed, lastRow >= lastBefore else { return }
            tidyCommits &+= 1
            try contents.state.setTidyCommits(tidyCommits)
        }
        // What is committed is committed: nothing from here on fails it.
        guard let before, let after = open.index?.header else { return }
        // If nobody else has committed even now, the header was that of our commit.
        if let version, (try? connection.number("PRAGMA data_version")) == version {
            keys.advance(
                from: before,
                to: StoredKeys.Mark(header: after, lastRow: lastRow, tidyCommits: tidyCommits),
                generation: open.generation)
        }
        try checkpointIfDue(after)
    }

    private mutating func checkpointIfDue(_ header: WALIndex.Header) throws(StoreError) {
        guard var open else { return }
        // The log has been begun anew.
        if header.frames < open.checkpointedFrames { open.checkpointedFrames = 0 }
        let isDue = header.frames >= open.checkpointedFrames + Self.checkpointFrames
        if isDue { open.checkpointedFrames = header.frames }
        self.open = open
        guard isDue else { return }
        do throws(StoreError) {
            try checkpoint()
        } catch {
            // Another process writes just now, or the disk is full: there will be another time.
            if case .corrupt = error { throw error }
        }
    }

    private mutating func checkpoint() throws(StoreError) {
        guard let connection = open?.connection else { return }
        let lock: SQLiteConnection
        if let kept = open?.lock {
            lock = kept
        } else {
            lock = try file.openForLocking()
            // It must be the same file.
            guard !lock.hasMoved, !connection.hasMoved else { return }
            open?.lock = lock
        }
        try lock.run("BEGIN IMMEDIATE")
        defer { lock.rollBack() }
        try connection.checkpoint()
    }
}
