#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A flag that one thread raises and another waits for, together with a file if need be: a pipe.
///
/// A condition variable cannot be waited for together with a file, and its deadlines follow the wall
/// clock on some systems.
final class Signal: Sendable {
    /// The end that becomes readable when the flag is raised.
    let descriptor: Int32
    private let raising: Int32

    /// Makes a flag that is down.
    init() throws(LogWriter.StartFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .pipe(errno: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        raising = ends[1]
    }

    deinit {
        close(descriptor)
        close(raising)
    }

    /// Raises the flag; a full pipe is a raised flag as well.
    func raise() {
        var byte: UInt8 = 1
        while write(raising, &byte, 1) < 0, errno == EINTR {}
    }

    /// Takes the flag down.
    func lower() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(descriptor, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    }

    /// Waits until the flag is raised.
    ///
    /// - Returns: Whether it was raised in time.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, deadline - .now)
            let (seconds, attoseconds) = left.components
            // Rounded up, or the last millisecond would be spent asking again and again.
            let milliseconds =
                min(seconds, 86_400) * 1_000
                + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
            var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&file, 1, Int32(milliseconds)) > 0 { return true }
            if left == .zero { return false }
        }
    }
}
