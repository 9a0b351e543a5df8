#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The thread that makes records into lines and writes them; nobody else touches it once it runs.
final class LogWriterThread {
    private let queue: LogQueue
    private let file: LogFile
    private let format: LogFormat
    private let ended: Signal
    private let now: @Sendable () -> Int64
    /// Lines not yet written.
    private var output: [UInt8] = []
    /// Lines lost that no line has told of.
    private var lost = 0
    /// Whether the file ends in a part of a line.
    var isMidLine = false

    init(
        queue: LogQueue, file: LogFile, format: LogFormat, ended: Signal,
        now: @escaping @Sendable () -> Int64
    ) {
        self.queue = queue
        self.file = file
        self.format = format
        self.ended = ended
        self.now = now
    }

    /// Starts the thread.
    func start() throws(LogWriter.StartFailure) {
        let retained = Unmanaged.passRetained(self)
        #if canImport(Darwin)
            var thread: pthread_t?
            let failure = pthread_create(&thread, nil, runLogWriterThread, retained.toOpaque())
        #else
            var thread = pthread_t()
            let failure = pthread_create(&thread, nil, runLogWriterThread, retained.toOpaque())
        #endif
        guard failure == 0 else {
            retained.release()
            throw .thread(errno: failure)
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    /// Writes what comes until the queue is closed.
    fileprivate func run() {
        var emptied: [LogRecord] = []
        while true {
            guard var batch = queue.take(&emptied) else {
                _ = queue.wake.wait(until: .now + .seconds(86_400))
                queue.wake.lower()
                continue
            }
            write(batch)
            batch.records.removeAll(keepingCapacity: batch.records.count <= 4_096)
            emptied = batch.records
            queue.settle()
            if batch.isLast {
                ended.raise()
                return
            }
            if queue.wake.wait(until: .now + Self.pause) { queue.wake.lower() }
        }
    }

    /// How long lines gather before they are written, when lines were written just now.
    private static let pause = Duration.milliseconds(2)
    /// How many bytes of lines are made before they are written.
    private static let outputLimit = 32 << 10

    /// Writes a batch, and tells of lines that were lost before it and behind it.
    func write(_ batch: LogQueue.Batch) {
        // Where not even the news of a loss can be written, no line can.
        guard tellLoss() else {
            lost += batch.records.count + batch.lost
            return
        }
        for record in batch.records {
            LogLine.append(record, format, to: &output)
            if output.count >= Self.outputLimit { writeOutput() }
        }
        writeOutput()
        // What found no room came behind the lines of this batch.
        lost += batch.lost
        _ = tellLoss()
    }

    /// Writes how many lines were lost, if any were.
    ///
    /// - Returns: Whether none were, or it could be written.
    private func tellLoss() -> Bool {
        guard lost > 0 else { return true }
        let told = lost
        LogLine.append(
            LogRecord(
                time: now(), level: .warning, message: "log lines were lost",
                fields: [LogField("count", .integer(Int64(told)))]),
            format, to: &output)
        writeOutput()
        // A line of news that fails is no lost line itself.
        if lost > told {
            lost = told
            return false
        }
        lost = 0
        return true
    }

    /// Writes the lines made so far; those that cannot be written are counted.
    private func writeOutput() {
        if output.isEmpty { return }
        defer { output.removeAll(keepingCapacity: true) }
        let start = isMidLine ? write([UInt8(ascii: "\n")]) : 1
        let written = start == 1 ? write(output) : 0
        lost += output[written...].count { $0 == UInt8(ascii: "\n") }
    }

    /// Writes bytes, and notes whether they end in a part of a line.
    ///
    /// - Returns: How many were written.
    private func write(_ bytes: [UInt8]) -> Int {
        let outcome = file.write(
            bytes, interruption: queue.wake, isInterrupted: { queue.isAbandoned })
        let written =
            switch outcome {
            case .written: bytes.count
            case .failed(let written), .interrupted(let written): written
            }
        if written > 0 { isMidLine = bytes[written - 1] != UInt8(ascii: "\n") }
        return written
    }
}

/// The body of the thread.
private func runLogWriterThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    // Signals are for the threads that expect them; a reader that left is an error of write(2).
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    Unmanaged<LogWriterThread>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
