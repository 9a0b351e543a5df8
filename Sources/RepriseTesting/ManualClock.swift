public import RepriseStorage
import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: Sendable {
    private struct State: Sendable {
        var now: Int64
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        /// Sleeps whose task was cancelled before they began.
        var cancelled: Set<Int> = []
        var watchers: [Watcher] = []
    }

    private struct Sleeper: Sendable {
        var duration: Duration
        var end: Int64
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher: Sendable {
        var duration: Duration
        var continuation: CheckedContinuation<Void, Never>
    }

    private let state: Mutex<State>

    /// Makes a clock.
    ///
    /// - Parameter now: Milliseconds since the epoch; by default some time in 2023.
    public init(now: Int64 = 1_700_000_000_000) {
        state = Mutex(State(now: now))
    }

    /// The clock as the code under test takes it.
    public var wallClock: WallClock {
        WallClock(now: { self.now }, sleep: { try await self.sleep($0) })
    }

    /// Milliseconds since the epoch.
    public var now: Int64 { state.withLock { $0.now } }

    /// Moves the clock, backwards if negative, and wakes whoever sleeps until then.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state -> [Sleeper] in
            state.now += duration.milliseconds
            let due = state.sleepers.filter { $0.value.end <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return Array(due.values)
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Waits until somebody sleeps for exactly this duration.
    public func untilSleeping(for duration: Duration) async {
        await withCheckedContinuation { continuation in
            let isSleeping = state.withLock { state in
                guard !state.sleepers.values.contains(where: { $0.duration == duration }) else {
                    return true
                }
                state.watchers.append(Watcher(duration: duration, continuation: continuation))
                return false
            }
            if isSleeping { continuation.resume() }
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(id, duration, continuation)
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private func enter(
        _ id: Int, _ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>
    ) {
        let (isCancelled, watchers) = state.withLock { state -> (Bool, [Watcher]) in
            // The handler of a task that was cancelled already has run before this.
            if state.cancelled.remove(id) != nil { return (true, []) }
            state.sleepers[id] = Sleeper(
                duration: duration, end: state.now + duration.milliseconds,
                continuation: continuation)
            let watchers = state.watchers.filter { $0.duration == duration }
            state.watchers.removeAll { $0.duration == duration }
            return (false, watchers)
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
        for watcher in watchers { watcher.continuation.resume() }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
