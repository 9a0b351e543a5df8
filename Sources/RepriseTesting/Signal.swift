import Synchronization

/// A number that goes up, and that tests wait for instead of sleeping.
public final class Signal: Sendable {
    private struct Waiter: Sendable {
        var count: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State: Sendable {
        var count = 0
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Makes a signal that stands at zero.
    public init() {}

    /// How often it has been raised.
    public var count: Int { state.withLock { $0.count } }

    /// Raises the number by one and wakes whoever waits for it.
    public func raise() {
        let woken = state.withLock { state -> [Waiter] in
            state.count += 1
            let woken = state.waiters.filter { $0.count <= state.count }
            state.waiters.removeAll { $0.count <= state.count }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits until the number is at least `count`.
    public func reaches(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                guard state.count < count else { return true }
                state.waiters.append(Waiter(count: count, continuation: continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
