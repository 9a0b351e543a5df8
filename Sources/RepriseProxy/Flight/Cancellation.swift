import Synchronization

/// Lets others cancel what a call or a task does, without a second task that waits for them to.
final class Cancellation: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isCancelled = false
        var task: RunningTask?
        var action: (@Sendable () -> Void)?
    }

    /// A task that has not ended.
    private struct RunningTask: @unchecked Sendable {
        // Cancelling is safe from any thread for as long as the task runs, which the lock sees to.
        let task: UnsafeCurrentTask
    }

    /// Whether ``cancel()`` was called.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Runs `body` in this task, which ``cancel()`` then cancels, at once if that was called before.
    func whileCancellable<Result>(_ body: () async -> Result) async -> Result {
        // The caller's own task, whose pointer is kept only while the body runs in it.
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

    /// Has ``cancel()`` call `action`, at once if that was called before.
    func onCancel(_ action: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            if !state.isCancelled { state.action = action }
            return state.isCancelled
        }
        if isCancelled { action() }
    }

    /// Forgets the action: there is nothing left to cancel.
    func forgetAction() {
        state.withLock { $0.action = nil }
    }

    /// Cancels the task that is in ``whileCancellable(_:)``, or will be, and takes the action.
    ///
    /// Not to be called with a lock held that a cancellation handler or the action takes.
    func cancel() {
        let action = state.withLock { state in
            state.isCancelled = true
            state.task?.task.cancel()
            return state.action.take()
        }
        action?()
    }
}
