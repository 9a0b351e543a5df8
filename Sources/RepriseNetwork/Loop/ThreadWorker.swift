/// A thread that runs pieces of work one after the other.
final class ThreadWorker: Worker {
    private struct Piece {
        let deadline: MonotonicTime
        let work: @Sendable () -> Void
    }

    private struct State {
        /// Work for now, in order; what stands before `next` has been taken.
        var ready: [Piece] = []
        var next = 0
        /// Work for later, the earliest last.
        var later: [Piece] = []
        var isStopped = false

        /// Takes the piece that comes next, if one is due.
        mutating func take(at time: MonotonicTime) -> Piece? {
            let waiting = next < ready.count ? ready[next] : nil
            if let due = later.last, due.deadline <= min(time, waiting?.deadline ?? time) {
                return later.removeLast()
            }
            guard let waiting else { return nil }
            next += 1
            if next == ready.count {
                ready.removeAll(keepingCapacity: ready.capacity <= 1024)
                next = 0
            } else if next >= 1024 {
                ready.removeFirst(next)
                next = 0
            }
            return waiting
        }
    }

    private let state: Monitor<State>

    /// Starts the thread.
    init(named name: String) throws(NetworkError) {
        let state = Monitor(State())
        self.state = state
        try SystemThread.start(named: name) { Self.run(state) }.detach()
    }

    deinit { stop() }

    func submit(_ work: @escaping @Sendable () -> Void) {
        state.signal { state in
            guard !state.isStopped else { return }
            state.ready.append(Piece(deadline: .reading, work: work))
        }
    }

    func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        state.signal { state in
            guard !state.isStopped else { return }
            let deadline = MonotonicTime.reading + delay
            // Behind, that is before in the list, those with the same deadline.
            let place = state.later.firstIndex { $0.deadline <= deadline } ?? state.later.endIndex
            state.later.insert(Piece(deadline: deadline, work: work), at: place)
        }
    }

    func stop() {
        let dropped = state.signal { state in
            state.isStopped = true
            defer { state.later = [] }
            return state.later
        }
        _ = dropped
    }

    private static func run(_ state: Monitor<State>) {
        while let work = nextWork(state) { work() }
    }

    private static func nextWork(_ state: Monitor<State>) -> (@Sendable () -> Void)? {
        state.wait { state in
            if let piece = state.take(at: .reading) { return .done(piece.work) }
            if state.isStopped { return .done(nil) }
            if let first = state.later.last { return .waitUntil(first.deadline) }
            return .waitForSignal
        }
    }
}
