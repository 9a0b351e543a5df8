import Synchronization

/// Lets others cancel what a task does, without a second task that waits for them to.
final class Cancellation: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isCancelled = false
        var task: RunningTask?
    }

    /// A task that has not ended.
    private struct RunningTask: @unchecked Sendable {
        // Cancelling is safe from any thread for as long as the task runs, which the lock sees to.
        let task: UnsafeCurrentTask
    }

    /// Runs `body` in this task, which ``cancel()`` then cancels, at once if that was called before.
    func whileCancellable<Result>(_ body: () async -> Result) async -> Result {
        await withUnsafeCurrentTask { task in
            state.withLock { state in
                state.task = task.map { RunningTask(task: $0) }
                if state.isCancelled { task?.cancel() }
            }
            let result = await body()
            state.withLock { $0.task = nil }
            return result
        }
    }

    /// Cancels the task that is in ``whileCancellable(_:)``, or will be.
    ///
    /// Not to be called with a lock held that a cancellation handler takes.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.task?.task.cancel()
        }
    }
}
