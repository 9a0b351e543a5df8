import Foundation
import GRDB
import Synchronization

/// The connections that entries are read with: as many as there are reads at one time.
///
/// GRDB's own pool of readers does more for a read than SQLite itself: it looks at the schema, and
/// takes and gives back the reader on queues.
final class SQLiteReaders: Sendable {
    private let path: String
    private let configuration: Configuration
    /// Those that nobody uses now; nil once closed.
    private let idle: Mutex<[DatabaseQueue]?>

    /// The pages that a reader keeps: all of the inner nodes of a million entries.
    private static let cacheKiB = 8192
    /// How often and after how many seconds a reader tries again when another process has locked
    /// the database, as it does to recover it: for as long as the writer does.
    private static let (mostTries, pause) = (60, 0.05)

    /// Opens the first reader of a database that is in write-ahead mode.
    init(path: String, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        configuration.busyMode = .callback { tries in
            guard !WaitlessReads.isUnderWay, tries < Self.mostTries else { return false }
            Thread.sleep(forTimeInterval: Self.pause)
            return true
        }
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)")
        }
        self.path = path
        self.configuration = configuration
        idle = Mutex([try DatabaseQueue(path: path, configuration: configuration)])
    }

    /// Runs one statement or more, outside of a transaction.
    ///
    /// - Throws: What `body` or SQLite throws; ``StoreError/unavailable(_:)`` once closed.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        let reader = try idle.withLock { idle in
            guard idle != nil else {
                throw StoreError.unavailable("the database is closed or being replaced")
            }
            return idle?.popLast()
        }
        let queue = try reader ?? DatabaseQueue(path: path, configuration: configuration)
        defer { idle.withLock { $0?.append(queue) } }
        return try queue.unsafeRead(body)
    }

    /// Does the same unless it had to wait, for a reader, a disk, or another process.
    ///
    /// - Returns: nil when it had to, or when `body` failed.
    func readWithoutWaiting<T>(_ body: (Database) throws -> T) -> T? {
        guard let reader = idle.withLock({ $0?.popLast() }) else { return nil }
        defer { idle.withLock { $0?.append(reader) } }
        return try? WaitlessReads.perform { try reader.unsafeRead(body) }
    }

    /// Closes all readers, each as soon as nobody uses it.
    func close() {
        // Released outside of the lock, for that is what closes them.
        _ = idle.withLock { $0.take() }
    }
}
