import Foundation
import GRDB
import Logging

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The database file of a ``SQLiteStore``: how it is created, opened, and set aside when damaged.
struct SQLiteFile: Sendable {
    /// An open database, and the file that it is in even if another one takes its path.
    struct Connection: Sendable {
        let pool: DatabasePool
        let readers: SQLiteReaders
        let inode: UInt64?

        /// Closes it, after the reads that are under way.
        func close() {
            readers.close()
            // What keeps the pool open is a read that is under way; it closes after that.
            try? pool.close()
        }
    }

    /// The absolute path of the file.
    let path: String
    /// How many pages the file may have; nil for no limit but the disk's. Past it, writing fails
    /// as it does on a full disk.
    var maxPages: Int64?

    private static let attempts = 5

    /// Opens the database, creates it when there is none, and starts an empty one when what is
    /// there is not a database.
    ///
    /// Nothing here reads the whole file, so it takes as long for a large database as for a small
    /// one.
    ///
    /// - Parameter now: The time in milliseconds since the epoch, for the name of a file that is
    ///   set aside.
    /// - Throws: ``StoreError/incompatible(_:)`` for the database of another program or of a newer
    ///   version, and ``StoreError/unavailable(_:)`` for what the file system refuses.
    func open(now: Int64, logger: Logger) throws(StoreError) -> Connection {
        try createDirectory()
        var lastError = StoreError.unavailable("\(path): cannot be opened")
        for _ in 0..<Self.attempts {
            do throws(StoreError) {
                try createFile()
                return try connect()
            } catch {
                lastError = error
                switch error {
                case .corrupt(let reason):
                    try setAside(now: now, reason: reason, logger: logger)
                case .timedOut, .unavailable:
                    // Perhaps another process creates, migrates or recovers it just now.
                    continue
                case .full, .incompatible, .cancelled:
                    throw error
                }
            }
        }
        throw lastError
    }

    /// Renames the file and its companions to `<name>.corrupt-<milliseconds>`, unless another
    /// process has done so already.
    ///
    /// A database that is still open must be closed after this, not before: SQLite notices that
    /// its file has moved, and then leaves the write-ahead log at the old path alone, which may
    /// be another process's new one by then.
    ///
    /// - Parameter inode: The file that is damaged; nil for whichever is there.
    func setAside(
        now: Int64, inode: UInt64? = nil, reason: String, logger: Logger
    ) throws(StoreError) {
        if let inode, inode != self.inode { return }
        let target = "\(path).corrupt-\(now)"
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, target + suffix) == 0 || errno == ENOENT else {
                throw .unavailable("\(path + suffix) is damaged and cannot be renamed: \(cause)")
            }
        }
        logger.warning(
            "The database is damaged and was set aside; the cache starts empty.",
            metadata: ["file": "\(target)", "error": "\(reason)"])
    }

    /// The number by which the file system knows the file at the path; nil when there is none.
    var inode: UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    // MARK: - Opening

    private func connect() throws(StoreError) -> Connection {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = SQLiteSchema.migrator
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
                throw StoreError.incompatible(
                    "\(path): written by a newer version of reprise; update reprise, or name "
                        + "another file with --store")
            }
            try migrator.migrate(pool)
            let readers = try SQLiteReaders(path: path, configuration: configuration)
            return Connection(pool: pool, readers: readers, inode: inode)
        } catch {
            throw StoreError(error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "reprise"
        // As long as the deadline of a write leaves room for one retry.
        configuration.busyMode = .timeout(3)
        configuration.prepareDatabase { [path, maxPages] db in
            try Self.refuseForeign(db, path)
            guard !db.configuration.readonly else { return }
            // Takes effect only while the database is empty.
            try db.execute(
                sql: """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA journal_size_limit = 16777216;
                    """)
            if let maxPages { try db.execute(sql: "PRAGMA max_page_count = \(maxPages)") }
        }
        return configuration
    }

    /// Keeps us from filling another program's database, before anything in it is changed.
    private static func refuseForeign(_ db: Database, _ path: String) throws {
        let identifier = try Int32.fetchOne(db, sql: "PRAGMA application_id")
        guard identifier != SQLiteSchema.applicationID else { return }
        let isForeign = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM sqlite_master WHERE name NOT LIKE 'grdb%' AND name NOT LIKE 'sqlite%'
                )
                """)
        if identifier != 0 || isForeign == true {
            throw StoreError.incompatible(
                "\(path): another program's database; name another file with --store")
        }
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

extension StoreError {
    /// Says what an error of the database means for the store.
    ///
    /// GRDB's own description is not used, for it may quote stored values.
    init(_ error: any Error) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .unavailable("unexpected error of type \(type(of: error))")
            return
        }
        let reason = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
        switch error.resultCode {
        case .SQLITE_FULL: self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .timedOut
        default: self = .unavailable(reason)
        }
    }
}
