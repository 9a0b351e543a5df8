import Synchronization

/// The bounded queue between those who log and the thread that writes.
///
/// Who logs hands a record over: an append under a lock that is held for some dozen nanoseconds.
/// Made into text it would be there, a microsecond of every request would be spent on the
/// event loop, or, made into a shared buffer, while all other loops wait for the lock.
final class LogQueue: Sendable {
    /// What may wait to be written, what is being written included.
    struct Bounds: Sendable {
        /// Lines.
        var lines = 16_384
        /// Bytes of memory, about.
        var bytes = 4 << 20
    }

    /// What the writer has taken to write.
    struct Batch {
        /// The records, the oldest first.
        var records: [LogRecord]
        /// How many lines found no room behind them.
        var lost: Int
        /// Whether none will come any more.
        var isLast: Bool
    }

    /// Someone who waits until what was logged before has been written or has failed.
    private struct Waiter {
        var goal: UInt64
        var signal: Signal
    }

    private struct State {
        var records: [LogRecord] = []
        var bytes = 0
        var bytesTaken = 0
        var linesTaken = 0
        var lost = 0
        var isWriterIdle = false
        var isClosed = false
        var isAbandoned = false
        /// Lines taken in, and lines done with, since the beginning.
        var accepted: UInt64 = 0
        var settled: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private let bounds: Bounds
    private let state = Mutex(State())
    /// Wakes the writer.
    let wake: Signal

    init(bounds: Bounds, wake: Signal) {
        self.bounds = bounds
        self.wake = wake
    }

    /// Takes a record, or counts it as lost when there is no room or the log is closed.
    func append(_ record: LogRecord) {
        let cost = record.cost
        let mustWake = state.withLock { state in
            if state.isClosed { return false }
            guard state.records.count + state.linesTaken < bounds.lines,
                state.bytes + state.bytesTaken + cost <= bounds.bytes
            else {
                state.lost += 1
                return false
            }
            state.records.append(record)
            state.bytes += cost
            state.accepted += 1
            if !state.isWriterIdle { return false }
            state.isWriterIdle = false
            return true
        }
        if mustWake { wake.raise() }
    }

    /// Gives the writer all that waits.
    ///
    /// - Parameter emptied: An empty array whose storage the queue goes on with.
    /// - Returns: nil when nothing waits; then ``wake`` is raised by the next record.
    func take(_ emptied: inout [LogRecord]) -> Batch? {
        state.withLock { state in
            if state.isAbandoned { return Batch(records: [], lost: 0, isLast: true) }
            if state.records.isEmpty, state.lost == 0, !state.isClosed {
                state.isWriterIdle = true
                return nil
            }
            let batch = Batch(records: state.records, lost: state.lost, isLast: state.isClosed)
            state.records = emptied
            emptied = []
            state.linesTaken = batch.records.count
            state.bytesTaken = state.bytes
            state.bytes = 0
            state.lost = 0
            return batch
        }
    }

    /// Says that the batch taken last has been written, or has failed.
    func settle() {
        state.withLock { state in
            state.settled += UInt64(state.linesTaken)
            state.linesTaken = 0
            state.bytesTaken = 0
            for waiter in state.waiters where waiter.goal <= state.settled {
                waiter.signal.raise()
            }
            state.waiters.removeAll { $0.goal <= state.settled }
        }
    }

    /// Whether the writer is to end without writing what waits.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// Makes a signal that is raised once all that was taken in so far is settled; nil if it is.
    func signalWhenSettled() throws(LogWriter.StartFailure) -> Signal? {
        let signal = try Signal()
        return state.withLock { state in
            if state.settled >= state.accepted { return nil }
            state.waiters.append(Waiter(goal: state.accepted, signal: signal))
            return signal
        }
    }

    /// Takes no more records; the writer ends when it has written those that wait.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.raise()
    }

    /// Has the writer end at once.
    func abandon() {
        state.withLock { state in
            state.isClosed = true
            state.isAbandoned = true
        }
        wake.raise()
    }
}
