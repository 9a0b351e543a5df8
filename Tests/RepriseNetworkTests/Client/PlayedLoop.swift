import RepriseNetwork

/// A loop whose time and peers a test moves.
///
/// `@unchecked Sendable` because a test and all that it moves run on one thread.
final class PlayedLoop: EventLoop, @unchecked Sendable {
    /// What becomes of a connection to an address.
    enum Peer {
        case accepts(after: Duration)
        case refuses(after: Duration)
        case isSilent
    }

    private final class Timer: LoopTimer {
        let time: MonotonicTime
        let number: Int
        var action: (() -> Void)?

        init(_ time: MonotonicTime, _ number: Int, _ action: @escaping () -> Void) {
            self.time = time
            self.number = number
            self.action = action
        }

        func cancel() { action = nil }
    }

    private final class Attempt: LoopAttempt {
        var isCancelled = false
        var onCancel: () -> Void = {}

        func cancel() {
            isCancelled = true
            onCancel()
        }
    }

    private(set) var now = MonotonicTime(nanoseconds: 0)
    private var timers: [Timer] = []
    private var timerCount = 0
    private var posted: [() -> Void] = []
    private var atEndOfTurn: [() -> Void] = []
    private var isInTurn = false

    /// What names mean; a name that is not here gets no answer.
    var names: [String: Result<[SocketAddress], NetworkError>] = [:]
    /// What addresses do; those that are not here accept at once.
    var peers: [SocketAddress: Peer] = [:]
    /// Bytes that a new connection takes before its peer reads.
    var window = Int.max
    /// When and where connections were begun.
    private(set) var attempts: [(time: MonotonicTime, address: SocketAddress)] = []
    /// Connections that were given up while they were being made.
    private(set) var cancelledCount = 0
    /// All connections that were made.
    private(set) var streams: [PlayedStream] = []

    var isCurrent: Bool { true }
    var wallClock: Int64 { 0 }

    /// Timers that are due some time.
    var pendingTimerCount: Int { timers.count { $0.action != nil } }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        timerCount += 1
        let timer = Timer(now + delay, timerCount, action)
        timers.append(timer)
        return timer
    }

    func afterThisTurn(_ action: @escaping () -> Void) { atEndOfTurn.append(action) }

    func post(_ action: @escaping @Sendable () -> Void) { posted.append(action) }

    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt {
        let attempt = Attempt()
        guard let answer = names[host] else { return attempt }
        posted.append {
            guard !attempt.isCancelled else { return }
            completion(
                answer.map { addresses in
                    addresses.map { address in
                        var address = address
                        address.port = port
                        return address
                    }
                })
        }
        return attempt
    }

    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        let attempt = Attempt()
        attempts.append((now, address))
        attempt.onCancel = { self.cancelledCount += 1 }
        func settle(
            after delay: Duration, _ result: @escaping () -> Result<any ByteStream, NetworkError>
        ) {
            _ = schedule(after: delay) {
                guard !attempt.isCancelled else { return }
                attempt.onCancel = {}
                completion(result())
            }
        }
        switch peers[address] ?? .accepts(after: .zero) {
        case .accepts(let delay):
            settle(after: delay) {
                let stream = PlayedStream(self, peer: address, window: self.window)
                self.streams.append(stream)
                return .success(stream)
            }
        case .refuses(let delay): settle(after: delay) { .failure(PlayedLoop.refusal) }
        case .isSilent: break
        }
        return attempt
    }

    static let refusal = NetworkError.system(code: 111, reason: "Connection refused")

    func randomNumber() -> UInt64 { 4 }

    // MARK: Moving

    /// Runs an event as a turn, then all that is due now.
    func turn(_ event: () -> Void = {}) {
        runTurn(event)
        while true {
            if !posted.isEmpty {
                let action = posted.removeFirst()
                runTurn(action)
            } else if let timer = nextTimer(until: now), let action = timer.action {
                timer.action = nil
                runTurn(action)
            } else {
                return
            }
        }
    }

    /// Lets time pass.
    func advance(by duration: Duration) {
        let end = now + duration
        turn()
        while let timer = nextTimer(until: end) {
            now = max(now, timer.time)
            turn()
        }
        now = end
        turn()
    }

    private func nextTimer(until end: MonotonicTime) -> Timer? {
        timers.removeAll { $0.action == nil }
        return timers.filter { $0.time <= end }.min { ($0.time, $0.number) < ($1.time, $1.number) }
    }

    private func runTurn(_ event: () -> Void) {
        precondition(!isInTurn, "a turn within a turn")
        isInTurn = true
        event()
        while !atEndOfTurn.isEmpty { atEndOfTurn.removeFirst()() }
        isInTurn = false
        // What was written leaves at the end of the turn.
        for stream in streams { stream.flush() }
    }

    /// Has a callback of a stream come later.
    func later(_ action: @escaping () -> Void) { posted.append(action) }
}
