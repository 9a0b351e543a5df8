import Dispatch

/// Waiting for what tells its end by a completion; never on a loop's thread.
enum Completion {
    /// Begins work, and blocks until it calls the completion that it is given.
    static func wait(for work: (@escaping @Sendable () -> Void) -> Void) {
        let done = DispatchSemaphore(value: 0)
        work { done.signal() }
        done.wait()
    }
}
