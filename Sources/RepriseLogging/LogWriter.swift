/// A log that is written to a file by a thread of its own.
///
/// Who logs never waits: a record goes into a bounded queue, and one that finds no room is counted
/// and let go. A file that nobody reads, that is closed or on a full disk stops nothing; once writing
/// works again, a line says how many lines were lost (`log lines were lost`).
///
/// ```
///  write() -> queue -> thread: idle -- a record --> writing -- a moment's pause --> writing ... idle
/// ```
/// The pause makes one wake-up and one write of what many requests log; it ends early for who
/// waits in ``flush(within:)``.
public final class LogWriter: LogDestination {
    /// Why no writer could be started.
    public enum StartFailure: Error, Equatable, Sendable {
        /// No pipe could be made.
        case pipe(errno: Int32)
        /// No thread could be made.
        case thread(errno: Int32)
    }

    private let queue: LogQueue
    /// Raised when the thread ends; made beforehand, as at the end there may be no descriptor left.
    private let ended: Signal
    private let now: @Sendable () -> Int64

    /// Starts a writer.
    ///
    /// - Parameters:
    ///   - descriptor: An open file, such as standard error. It is not closed, and its flags are
    ///     left as they are.
    ///   - format: How a line is written.
    ///   - maximumLines: How many lines may wait.
    ///   - maximumBytes: How much memory they may take.
    ///   - now: Gives milliseconds since 1970-01-01T00:00:00Z; called on the thread that logs.
    public init(
        descriptor: Int32, format: LogFormat, maximumLines: Int = 16_384,
        maximumBytes: Int = 4 << 20, now: @escaping @Sendable () -> Int64
    ) throws(StartFailure) {
        queue = LogQueue(
            bounds: .init(lines: maximumLines, bytes: maximumBytes), wake: try Signal())
        ended = try Signal()
        self.now = now
        try LogWriterThread(
            queue: queue, file: LogFile(descriptor: descriptor), format: format, ended: ended,
            now: now
        ).start()
    }

    deinit {
        queue.abandon()
    }

    /// Takes a line; it is written soon, in the order in which lines came.
    public func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        queue.append(LogRecord(time: now(), level: level, message: message, fields: fields))
    }

    /// Waits until all lines so far are written, or could not be.
    ///
    /// - Parameter limit: How long to wait at most.
    /// - Returns: Whether they were done with in time.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        do throws(StartFailure) {
            guard let settled = try queue.signalWhenSettled() else { return true }
            queue.wake.raise()
            return settled.wait(until: deadline)
        } catch {
            // Without a file descriptor to be had there is nothing to wait with.
            return false
        }
    }

    /// Ends the writer: no more lines are taken, and those that wait are written until `limit`.
    ///
    /// - Returns: Whether they were done with in time.
    @discardableResult
    public func close(within limit: Duration) -> Bool {
        queue.close()
        let hasEnded = ended.wait(until: .now + limit)
        if !hasEnded { queue.abandon() }
        return hasEnded
    }
}
