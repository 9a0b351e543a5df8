import Foundation

#if os(Linux)
    /// What the kernel keeps of files in memory.
    enum PageCache {
        /// Whether the temporary directory's file system can read a file anew from a disk.
        static let canBeEmptied: Bool = {
            guard let directory = try? TemporaryDirectory() else { return false }
            let path = directory.file("probe")
            let zeros = Data(count: 1 << 20)
            return FileManager.default.createFile(atPath: path, contents: zeros)
                && (0..<100).contains { _ in drop(path) }
        }()

        /// Drops a whole file, which no database may have open: SQLite's locks would go too.
        ///
        /// - Returns: Whether it has succeeded; somebody else may be using the pages just now.
        static func drop(_ path: String) -> Bool {
            guard let file = FileHandle(forUpdatingAtPath: path),
                let end = try? file.seekToEnd(), (try? file.synchronize()) != nil
            else { return false }
            let length = Int(end)
            posix_fadvise(file.fileDescriptor, 0, 0, POSIX_FADV_DONTNEED)
            let pages = mmap(nil, length, PROT_READ, MAP_SHARED, file.fileDescriptor, 0)
            guard let pages, pages != MAP_FAILED else { return false }
            defer { munmap(pages, length) }
            var states = [UInt8](repeating: 1, count: length / Int(getpagesize()) + 1)
            return mincore(pages, length, &states) == 0
                && states.dropLast().allSatisfy { $0 & 1 == 0 }
        }
    }
#endif
