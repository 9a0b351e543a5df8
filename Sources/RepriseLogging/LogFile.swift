#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open file that lines are written to, in such a way that the writer can always be stopped.
///
/// Others may share the file (standard error of a whole job), so it is never made non-blocking.
/// Instead it is written to only when it says that it has room, and then no more than always finds room: to
/// a pipe `PIPE_BUF` bytes, which also keeps lines of several processes apart; to a socket what
/// `MSG_DONTWAIT` takes.
struct LogFile {
    /// What became of bytes.
    enum Outcome: Equatable {
        /// All are written.
        case written
        /// So many are written, then the file took no more.
        case failed(written: Int)
        /// So many are written, then the writer was told to end.
        case interrupted(written: Int)
    }

    private let descriptor: Int32
    private let isSocket: Bool
    private let longestWrite: Int

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        isSocket = kind == S_IFSOCK
        longestWrite = kind == S_IFREG ? 64 << 10 : isSocket ? 32 << 10 : Int(PIPE_BUF)
    }

    /// Writes all of `bytes`.
    ///
    /// - Parameters:
    ///   - interruption: A signal that is looked at while the file has no room.
    ///   - isInterrupted: Whether the signal means that writing shall end.
    func write(
        _ bytes: [UInt8], interruption: Signal, isInterrupted: () -> Bool
    ) -> Outcome {
        var written = 0
        while written < bytes.count {
            let end = pieceEnd(bytes, from: written)
            let count = bytes.withUnsafeBytes { buffer in
                writeOnce(UnsafeRawBufferPointer(rebasing: buffer[written..<end]))
            }
            if let count {
                if count == 0 { return .failed(written: written) }
                written += count
            } else {
                interruption.lower()
                if isInterrupted() { return .interrupted(written: written) }
                waitForRoom(or: interruption)
            }
        }
        return .written
    }

    /// The end of the longest piece that may be written at once, behind a line feed if it can be.
    private func pieceEnd(_ bytes: [UInt8], from start: Int) -> Int {
        let end = start + longestWrite
        if end >= bytes.count { return bytes.count }
        return bytes[start..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? end
    }

    /// Writes once.
    ///
    /// - Returns: How many bytes were taken, 0 when the file cannot be written to; nil when it has
    ///   no room now.
    private func writeOnce(_ bytes: UnsafeRawBufferPointer) -> Int? {
        // poll(2) passes over a negative descriptor, as if it had no room for ever.
        if descriptor < 0 { return 0 }
        while true {
            let count: Int
            if isSocket {
                count = send(descriptor, bytes.baseAddress, bytes.count, Self.sendFlags)
            } else {
                guard hasRoom else { return nil }
                count = Self.write(descriptor, bytes)
            }
            if count > 0 { return count }
            if count == 0 { return 0 }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: return 0
            }
        }
    }

    /// Whether a write would not block, or would fail at once.
    private var hasRoom: Bool {
        var file = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&file, 1, 0) != 0
    }

    private func waitForRoom(or interruption: Signal) {
        var files = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&files, 2, -1)
    }

    #if canImport(Darwin)
        private static let sendFlags = MSG_DONTWAIT

        private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
            Darwin.write(file, bytes.baseAddress, bytes.count)
        }
    #elseif canImport(Glibc)
        private static let sendFlags = Int32(truncatingIfNeeded: MSG_DONTWAIT | MSG_NOSIGNAL)

        private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
            Glibc.write(file, bytes.baseAddress, bytes.count)
        }
    #elseif canImport(Musl)
        private static let sendFlags = MSG_DONTWAIT | MSG_NOSIGNAL

        private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
            Musl.write(file, bytes.baseAddress, bytes.count)
        }
    #endif
}
