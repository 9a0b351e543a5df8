#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How many files and sockets the process may have open (`RLIMIT_NOFILE`).
public enum DescriptorLimit {
    /// The limit that holds now.
    public static var current: Int { clamped(read().rlim_cur) }

    /// Raises the limit as far as the process may.
    ///
    /// - Returns: The limit that holds afterwards.
    @discardableResult
    public static func raise() -> Int {
        var limit = read()
        guard limit.rlim_cur < limit.rlim_max else { return clamped(limit.rlim_cur) }
        #if canImport(Darwin)
            limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
            setrlimit(RLIMIT_NOFILE, &limit)
        #else
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #endif
        return current
    }

    private static func read() -> rlimit {
        var limit = rlimit()
        #if canImport(Darwin)
            getrlimit(RLIMIT_NOFILE, &limit)
        #else
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #endif
        return limit
    }

    private static func clamped(_ value: rlim_t) -> Int { Int(clamping: value) }
}
