import NIOCore

/// Runs tasks on one event loop, so that what answers a request stays on the thread that reads and
/// writes its sockets: a task that wakes another costs an entry in the loop's queue instead of a
/// switch between threads.
///
/// Such tasks must not block, and must not compute for longer than hits on the loop may wait.
public final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Runs a job in a later turn of the loop.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
