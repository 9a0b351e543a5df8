import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where finished log lines go.
public struct LogSink: Sendable {
    /// Takes one line, its line feed included; called from any thread, also from several at once.
    public var write: @Sendable (_ line: [UInt8]) -> Void

    /// A sink that gives each line to `write`.
    public init(write: @escaping @Sendable (_ line: [UInt8]) -> Void) {
        self.write = write
    }

    /// The process's standard error, one `write(2)` a line.
    ///
    /// Lines of several threads never mix. When the other end does not take the line, it is lost:
    /// a log must not stop the proxy.
    public static let standardError = LogSink(fileDescriptor: STDERR_FILENO)

    /// A sink that writes to an open file, which it does not close.
    init(fileDescriptor: Int32) {
        // POSIX keeps concurrent writes to a pipe apart only up to PIPE_BUF bytes, hence the lock.
        let turn = WriteTurn()
        write = { line in turn.write(line, to: fileDescriptor) }
    }
}

/// Lets one thread write at a time.
private final class WriteTurn: Sendable {
    private let turn = Mutex(())

    func write(_ line: [UInt8], to descriptor: Int32) {
        turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let written = Self.writeOnce(rest, to: descriptor)
                    // A signal interrupts a write before its first byte; anything else stays.
                    if written < 0 && errno == EINTR { continue }
                    if written <= 0 { return }
                    rest = rest.dropFirst(written)
                }
            }
        }
    }

    private static func writeOnce(_ bytes: Slice<UnsafeRawBufferPointer>, to file: Int32) -> Int {
        let buffer = UnsafeRawBufferPointer(rebasing: bytes)
        #if canImport(Darwin)
            return Darwin.write(file, buffer.baseAddress, buffer.count)
        #elseif canImport(Glibc)
            return Glibc.write(file, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            return Musl.write(file, buffer.baseAddress, buffer.count)
        #endif
    }
}
