#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bytes that end where readable memory ends: who reads one more crashes.
final class GuardedBytes {
    private let mapping: UnsafeMutableRawPointer
    private let readableCount: Int
    private let pageSize: Int

    /// Maps memory.
    ///
    /// - Parameter capacity: How many bytes there is to be room for.
    init(capacity: Int) {
        pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        readableCount = max(1, (capacity + pageSize - 1) / pageSize) * pageSize
        let mapped = mmap(
            nil, readableCount + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { preconditionFailure("no memory") }
        mapping = mapped
        precondition(mprotect(mapping + readableCount, pageSize, PROT_NONE) == 0)
    }

    deinit { munmap(mapping, readableCount + pageSize) }

    /// Calls `body` with a copy of `bytes` at the end of the memory.
    func with<R>(_ bytes: ArraySlice<UInt8>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
        let start = mapping + (readableCount - bytes.count)
        bytes.withUnsafeBytes { source in
            if let address = source.baseAddress {
                start.copyMemory(from: address, byteCount: source.count)
            }
        }
        let copy = UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        return try body(copy.span)
    }
}
