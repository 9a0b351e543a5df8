import NIOCore
import ServiceLifecycle
import Synchronization

/// Owns upstream calls, so that a client that leaves ends nobody else's response.
///
/// A call stays on the event loop that it is begun on. Most are driven by their connection; one
/// that has to wait for something else runs in a task of this service. On graceful shutdown the
/// calls under way are finished; on cancellation they are cut.
final class FlightService: Service {
    typealias Call = @Sendable () async -> Void

    /// The tasks of one event loop that are to be started.
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
                    // Side by side: a call lasts for minutes, and the next one must not wait for it.
                    group.addTask { await call() }
                }
            }
        }
    }

    /// The calls that run in no task.
    private struct Flights {
        var isClosed = false
        var underWay: [ObjectIdentifier: Flight] = [:]

        var isDrained: Bool { isClosed && underWay.isEmpty }
    }

    private let executors: EventLoopExecutors
    /// By the index of the executor; the last one is for callers on other threads.
    private let lanes: [Lane]
    private let flights = Mutex(Flights())
    /// Ends when no flight is under way and none will be.
    private let drained: AsyncStream<Never>
    private let drain: AsyncStream<Never>.Continuation

    /// Makes a service for the event loops that calls may be launched from.
    init(executors: EventLoopExecutors) {
        self.executors = executors
        lanes = executors.all.map { Lane($0) } + [Lane(nil)]
        (drained, drain) = AsyncStream.makeStream()
    }

    /// The event loop on whose thread this is, or one of the service's.
    var currentEventLoop: any EventLoop { executors.currentEventLoop }

    /// Takes a call over that runs in no task, until ``end(_:)``.
    ///
    /// - Returns: false when the service no longer takes any.
    func begin(_ flight: Flight) -> Bool {
        flights.withLock { flights in
            guard !flights.isClosed else { return false }
            flights.underWay[ObjectIdentifier(flight)] = flight
            return true
        }
    }

    /// Lets go of a call that has ended.
    func end(_ flight: Flight) {
        let isDrained = flights.withLock { flights in
            flights.underWay[ObjectIdentifier(flight)] = nil
            return flights.isDrained
        }
        if isDrained { drain.finish() }
    }

    /// Starts a call that runs in a task.
    ///
    /// - Returns: false when the service no longer takes any.
    func launch(_ call: @escaping Call) -> Bool {
        let lane = lanes[executors.currentIndex ?? lanes.count - 1]
        return if case .enqueued = lane.launches.yield(call) { true } else { false }
    }

    /// Keeps calls going until graceful shutdown, then waits for those under way.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for lane in lanes {
                    group.addTask(executorPreference: lane.executor) { await lane.run() }
                }
                for await _ in drained {}
            }
            if Task.isCancelled { cutAll() }
        } onGracefulShutdown: { [self] in
            for lane in lanes {
                lane.launches.finish()
            }
            close()
        }
    }

    /// Takes no more calls.
    private func close() {
        let isDrained = flights.withLock { flights in
            flights.isClosed = true
            return flights.isDrained
        }
        if isDrained { drain.finish() }
    }

    private func cutAll() {
        close()
        for flight in flights.withLock({ $0.underWay.values }) {
            flight.cancellation.cancel()
        }
    }
}
