#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Standard output and standard error, written through at once.
enum StandardStreams {
    /// Writes a text on standard output.
    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes a line about what went wrong on standard error.
    static func complain(_ line: String) { write("reprise: \(line)\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { put(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            // Who does not read what is said cannot be told so either.
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func put(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
