import Foundation
import RepriseNetwork
import Testing

/// An event loop that runs when a test says so, in virtual time.
///
/// `@unchecked Sendable` because a test uses its loop on its own thread alone.
final class TLSTestLoop: EventLoop, @unchecked Sendable {
    final class Timer: LoopTimer {
        var action: (() -> Void)?
        let due: MonotonicTime

        init(due: MonotonicTime, action: @escaping () -> Void) {
            self.due = due
            self.action = action
        }

        func cancel() { action = nil }
    }

    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    private var turns: [() -> Void] = []
    private var endActions: [() -> Void] = []
    private var flushes: [() -> Void] = []
    private var timers: [Timer] = []
    /// Waits for sockets; nil when there are none.
    var waitForSockets: (() -> Void)?

    let isCurrent = true
    let wallClock: Int64 = 1_800_000_000_000

    /// Timers that were not cancelled.
    var timerCount: Int { timers.filter { $0.action != nil }.count }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        let timer = Timer(due: now + delay, action: action)
        timers.append(timer)
        return timer
    }

    func afterThisTurn(_ action: @escaping () -> Void) { endActions.append(action) }

    func post(_ action: @escaping @Sendable () -> Void) { turns.append(action) }

    /// Runs an action in a turn of its own.
    func inTurn(_ action: @escaping () -> Void) { turns.append(action) }

    /// Runs an action at the end of the turn, behind all others: the writes to sockets.
    func flushAfterThisTurn(_ action: @escaping () -> Void) { flushes.append(action) }

    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt { Attempt() }

    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt { Attempt() }

    private final class Attempt: LoopAttempt { func cancel() {} }

    func randomNumber() -> UInt64 { 4 }

    /// Runs an action as a turn.
    func turn(_ action: () -> Void) {
        action()
        while !endActions.isEmpty || !flushes.isEmpty {
            let actions = endActions.isEmpty ? flushes : endActions
            if endActions.isEmpty { flushes = [] } else { endActions = [] }
            for action in actions { action() }
        }
    }

    /// Runs turns until none is left; timers that are due now are turns.
    func run() {
        turn {}
        while true {
            if !turns.isEmpty {
                turn(turns.removeFirst())
            } else if let index = timers.firstIndex(where: { $0.action == nil || $0.due <= now }) {
                let timer = timers.remove(at: index)
                let action = timer.action
                timer.action = nil
                turn { action?() }
            } else {
                return
            }
        }
    }

    /// Lets virtual time pass.
    func advance(by duration: Duration) {
        now = now + duration
        run()
    }

    /// Runs turns and waits for sockets until a condition holds.
    ///
    /// - Returns: Whether it came to hold within half a minute.
    func run(until condition: () -> Bool) -> Bool {
        let limit = Date(timeIntervalSinceNow: 30)
        run()
        while !condition() {
            guard Date() < limit, let waitForSockets else { return false }
            waitForSockets()
            run()
        }
        return true
    }
}
