import ServiceLifecycle

/// Runs upstream calls outside the requests that started them, so that a client that leaves ends
/// nobody else's response.
///
/// A call runs on the event loop that it is launched from. On graceful shutdown the calls under way
/// are finished; on cancellation they are cut.
final class FlightService: Service {
    typealias Call = @Sendable () async -> Void

    /// The calls of one event loop that are to be started.
    private struct Lane: Sendable {
        // Bounded by the requests that wait for their flight to start: each yields at most one.
        let calls: AsyncStream<Call>
        let launches: AsyncStream<Call>.Continuation
        let executor: EventLoopExecutor?

        init(_ executor: EventLoopExecutor?) {
            (calls, launches) = AsyncStream.makeStream()
            self.executor = executor
        }

        func run() async {
            await withDiscardingTaskGroup { group in
                for await call in calls {
                    group.addTask { await call() }
                }
            }
        }
    }

    private let executors: EventLoopExecutors
    /// By the index of the executor; the last one is for callers on other threads.
    private let lanes: [Lane]

    /// Makes a service for the event loops that calls may be launched from.
    init(executors: EventLoopExecutors) {
        self.executors = executors
        lanes = executors.all.map { Lane($0) } + [Lane(nil)]
    }

    /// Starts a call.
    ///
    /// - Returns: false when the service no longer takes any.
    func launch(_ call: @escaping Call) -> Bool {
        let lane = lanes[executors.currentIndex ?? lanes.count - 1]
        return if case .enqueued = lane.launches.yield(call) { true } else { false }
    }

    /// Runs calls until graceful shutdown, then waits for those under way.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for lane in lanes {
                    group.addTask(executorPreference: lane.executor) { await lane.run() }
                }
            }
        } onGracefulShutdown: { [lanes] in
            for lane in lanes {
                lane.launches.finish()
            }
        }
    }
}
