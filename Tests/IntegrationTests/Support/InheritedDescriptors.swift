import Foundation

/// The descriptors of this process that a child would inherit: listeners among them, and a port that
/// a child has open too refuses nobody.
enum InheritedDescriptors {
    /// The numbers to be closed in a child, above standard error.
    ///
    /// That not all of them are open is no error to `posix_spawn` on Linux; elsewhere there are
    /// none.
    static var range: Range<Int32> {
        #if canImport(Darwin)
            return 3..<3
        #else
            let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            let last = names?.compactMap { Int32($0) }.max() ?? 1024
            // Some more, for what is opened meanwhile.
            return 3..<min(max(last, 3) + 256, Int32(clamping: sysconf(Int32(_SC_OPEN_MAX))))
        #endif
    }
}
