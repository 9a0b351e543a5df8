import Foundation
import GRDBSQLite
import Synchronization

/// Reads of SQLite that fail where they would wait for a disk, so that an event loop can make them.
///
/// SQLite's interface for Unix lets a program replace the calls that it makes
/// (https://www.sqlite.org/c3ref/vfs.html, `xSetSystemCall`). Its `pread64` becomes one that, inside
/// of ``perform(_:)`` alone, reads with `RWF_NOWAIT` (preadv2(2)): what is not in memory is an error
/// then, and SQLite ends the statement with it.
enum WaitlessReads {
    private typealias Read =
        @convention(c) (CInt, UnsafeMutableRawPointer?, Int, off_t) -> Int
    private typealias VectorRead =
        @convention(c) (CInt, UnsafeMutablePointer<iovec>?, CInt, off_t, CInt) -> Int

    /// From the kernel's include/uapi/linux/fs.h; C libraries show it to GNU programs only.
    private static let noWait: CInt = 0x8
    /// Linux 4.14 and glibc 2.26 have it.
    private static let vectorRead = dlsym(nil, "preadv2").map {
        unsafeBitCast($0, to: VectorRead.self)
    }
    /// A thread's value under this key is not nil while it may not wait.
    private static let threadKey: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "the process has no thread keys left")
        return key
    }()
    /// Whether a file system was met that cannot tell what it has in memory.
    private static let isRefused = Atomic(false)

    /// Whether the calling thread is inside of ``perform(_:)``.
    static var isUnderWay: Bool { pthread_getspecific(threadKey) != nil }

    /// Replaces SQLite's call, before any database is open; false where that cannot be.
    static let isInstalled: Bool = {
        guard vectorRead != nil, let system = sqlite3_vfs_find("unix"),
            system.pointee.xGetSystemCall?(system, "pread64") != nil
        else { return false }
        let read: Read = { descriptor, bytes, count, offset in
            guard WaitlessReads.isUnderWay, let vectorRead = WaitlessReads.vectorRead else {
                return pread(descriptor, bytes, count, offset)
            }
            var part = iovec(iov_base: bytes, iov_len: count)
            let result = vectorRead(descriptor, &part, 1, offset, WaitlessReads.noWait)
            if result < 0, errno == EOPNOTSUPP {
                WaitlessReads.isRefused.store(true, ordering: .relaxed)
            }
            return result
        }
        return system.pointee.xSetSystemCall?(
            system, "pread64", unsafeBitCast(read, to: sqlite3_syscall_ptr.self)) == SQLITE_OK
    }()

    /// Runs `body`, in which SQLite reads nothing that is not in memory.
    ///
    /// - Returns: nil, without running it, where reads cannot be kept from waiting.
    static func perform<T>(_ body: () throws -> T) rethrows -> T? {
        guard isInstalled, !isRefused.load(ordering: .relaxed) else { return nil }
        pthread_setspecific(threadKey, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(threadKey, nil) }
        return try body()
    }
}
