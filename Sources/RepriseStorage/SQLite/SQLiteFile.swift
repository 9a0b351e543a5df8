internal import RepriseLogging

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The database file of a ``SQLiteStore``: how it is created, opened, and set aside when damaged.
struct SQLiteFile: Sendable {
    /// What the file system knows a file by, whatever its path.
    struct Identity: Equatable, Sendable {
        let device: UInt64
        let number: UInt64
    }

    /// The files that belong to an open database.
    struct Identities: Sendable {
        let database: Identity?
        let log: Identity?
        let index: Identity?
    }

    /// The absolute path of the file.
    let path: String
    /// How many pages the file may have; nil for no limit but the disk's. Past it, writing fails
    /// as it does on a full disk.
    var maxPages: Int64?

    private static let attempts = 5
    private static let (log, index) = ("-wal", "-shm")
    /// To what size the write-ahead log is cut back, in bytes.
    private static let logLimit = 16 << 20

    /// Opens the database for writing, creates it when there is none, and starts an empty one when
    /// what is there is not a database.
    ///
    /// Nothing here reads the whole file, so it takes as long for a large database as for a small
    /// one.
    ///
    /// - Parameter now: The time in milliseconds since the epoch, for the name of a file that is
    ///   set aside.
    /// - Throws: ``StoreError/incompatible(_:)`` for the database of another program or of a newer
    ///   version, and ``StoreError/unavailable(_:)`` for what the file system refuses.
    func open(now: Int64, logger: Logger) throws(StoreError) -> SQLiteConnection {
        try createDirectory()
        var lastError = StoreError.unavailable("\(path): cannot be opened")
        for attempt in 0..<Self.attempts {
            do throws(StoreError) {
                try createFile()
                return try connect()
            } catch {
                lastError = error
                switch error {
                case .corrupt(let reason):
                    try setAside(now: now, reason: reason, logger: logger)
                case .timedOut, .unavailable:
                    // Perhaps another process creates or recovers it just now.
                    usleep(UInt32(attempt) * 10_000)
                case .full, .incompatible, .cancelled:
                    throw error
                }
            }
        }
        throw lastError
    }

    /// Opens a connection that reads the database, which another connection has opened for writing.
    func openForReading() throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, for: .reading)
        try connection.tune()
        return connection
    }

    /// Opens a connection that does nothing but keep others from writing.
    func openForLocking() throws(StoreError) -> SQLiteConnection {
        try SQLiteConnection(path: path, for: .writing)
    }

    /// Renames the file and its companions to `<name>.corrupt-<milliseconds>`, unless another
    /// process has done so already.
    ///
    /// A database that is still open must be closed after this, not before.
    ///
    /// - Parameter database: The file that is damaged; nil for whichever is there.
    func setAside(
        now: Int64, database: Identity? = nil, reason: String, logger: Logger
    ) throws(StoreError) {
        if let database, database != identity("") { return }
        let target = "\(path).corrupt-\(now)"
        for suffix in ["", Self.log, Self.index] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, target + suffix) == 0 || errno == ENOENT else {
                throw .unavailable("\(path + suffix) is damaged and cannot be renamed: \(cause)")
            }
        }
        logger.log(
            .warning, "The database is damaged and was set aside; the cache starts empty.",
            [LogField("file", .text(target)), LogField("error", .text(reason))])
    }

    /// Removes the companions of a database that was deleted or replaced while it was open, so that
    /// the one that comes to its path does not take them for its own.
    func removeCompanions(of database: Identities) {
        for (suffix, identity) in [(Self.log, database.log), (Self.index, database.index)]
        where identity != nil && identity == self.identity(suffix) {
            unlink(path + suffix)
        }
    }

    /// What the files at the path and beside it are now.
    var identities: Identities {
        Identities(
            database: identity(""), log: identity(Self.log), index: identity(Self.index))
    }

    private func identity(_ suffix: String) -> Identity? {
        var status = stat()
        guard stat(path + suffix, &status) == 0 else { return nil }
        return Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            number: UInt64(truncatingIfNeeded: status.st_ino))
    }

    // MARK: - Opening

    private func connect() throws(StoreError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, for: .writing)
        try SQLiteSchema.refuseForeign(connection, path: path)
        try connection.tune()
        // It takes effect only while the database is empty; later it would be a commit for nothing.
        if try connection.number("PRAGMA page_count") == 0 {
            try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        }
        try connection.execute(
            """
            PRAGMA synchronous = NORMAL;
            PRAGMA secure_delete = OFF;
            PRAGMA journal_size_limit = \(Self.logLimit);
            """)
        var isLogging = false
        try connection.run("PRAGMA journal_mode = WAL") { row in
            isLogging = row.text(0, equals: "wal")
            return false
        }
        guard isLogging else {
            throw .unavailable("\(path): the file system does not allow a write-ahead log")
        }
        if let maxPages { try connection.execute("PRAGMA max_page_count = \(maxPages)") }
        try SQLiteSchema.migrate(connection, path: path)
        return connection
    }

    // MARK: - Files

    /// Creates the missing directories, each for its owner only.
    private func createDirectory() throws(StoreError) {
        var directory = ""
        for part in path.split(separator: "/").dropLast() {
            directory += "/\(part)"
            guard mkdir(directory, 0o700) != 0, errno != EEXIST else { continue }
            let reason = cause
            // A directory that exists may say so in another way, on a read-only file system.
            guard access(directory, F_OK) != 0 else { continue }
            throw .unavailable("\(directory): cannot be created: \(reason)")
        }
    }

    /// Creates an empty file for its owner only; SQLite gives its companions the same mode.
    private func createFile() throws(StoreError) {
        // Never opens a file that exists: closing it would drop the locks that SQLite holds on it
        // elsewhere in this process.
        let descriptor = creat(path)
        if descriptor >= 0 {
            close(descriptor)
        } else if errno != EEXIST, access(path, F_OK) != 0 {
            throw .unavailable("\(path): cannot be created: \(cause)")
        }
    }

    private func creat(_ path: String) -> Int32 {
        #if canImport(Darwin)
            Darwin.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #elseif canImport(Glibc)
            Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
            Musl.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #endif
    }

    private var cause: String { String(cString: strerror(errno)) }
}
