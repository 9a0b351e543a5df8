import ServiceLifecycle

/// Runs upstream calls outside the requests that started them, so that a client that leaves ends
/// nobody else's response.
///
/// On graceful shutdown the calls under way are finished; on cancellation they are cut.
final class FlightService: Service {
    typealias Call = @Sendable () async -> Void

    // Bounded by the requests that wait for their flight to start: each yields at most one call.
    private let calls: AsyncStream<Call>
    private let launches: AsyncStream<Call>.Continuation

    init() {
        (calls, launches) = AsyncStream.makeStream()
    }

    /// Starts a call.
    ///
    /// - Returns: false when the service no longer takes any.
    func launch(_ call: @escaping Call) -> Bool {
        if case .enqueued = launches.yield(call) { true } else { false }
    }

    /// Runs calls until graceful shutdown, then waits for those under way.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await call in calls {
                    group.addTask { await call() }
                }
            }
        } onGracefulShutdown: { [launches] in
            launches.finish()
        }
    }
}
