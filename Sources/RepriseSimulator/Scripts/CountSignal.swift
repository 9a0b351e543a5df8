internal import Synchronization

/// A number that only grows, and that tasks can wait for: the reason why no test has to sleep.
final class CountSignal: Sendable {
    private struct Waiter {
        let id: Int
        let threshold: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var count = 0
        var nextWaiter = 0
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// The number reached so far.
    var count: Int {
        state.withLock { $0.count }
    }

    /// Adds one, and resumes those for whom that is enough.
    ///
    /// - Returns: The number reached by this call: 1 for the first.
    @discardableResult
    func increment() -> Int {
        let (count, ready) = state.withLock { state in
            state.count += 1
            let ready = state.waiters.filter { $0.threshold <= state.count }
            state.waiters.removeAll { $0.threshold <= state.count }
            return (state.count, ready)
        }
        for waiter in ready {
            waiter.continuation.resume()
        }
        return count
    }

    /// Returns when the count is at least `threshold`, or when the calling task is cancelled.
    func wait(for threshold: Int) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancellation that came before this closure finds nobody to resume; the flag of
                // the task is set by then, so it is looked at under the same lock.
                let isReady = state.withLock { state in
                    guard state.count < threshold, !Task.isCancelled else { return true }
                    state.waiters.append(
                        Waiter(id: id, threshold: threshold, continuation: continuation))
                    return false
                }
                if isReady {
                    continuation.resume()
                }
            }
        } onCancel: {
            let cancelled = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                return state.waiters.remove(at: index)
            }
            cancelled?.continuation.resume()
        }
    }
}
