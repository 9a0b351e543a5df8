import Foundation
import RepriseNetwork
import Synchronization

/// A network with real threads and a clock that a test can move on.
final class ThreadNetwork: Network {
    let loops: [any EventLoop]
    private let workers = Mutex<[ThreadWorker]>([])
    /// The time of day in milliseconds.
    let clock = Atomic<Int64>(1_700_000_000_000)

    init(loops count: Int = 1) {
        let network = Unowned()
        loops = (0..<count).map { ThreadLoop(network, name: "loop \($0)") }
        network.value.store(Unmanaged.passUnretained(self), ordering: .releasing)
    }

    var loop: any EventLoop { loops[0] }

    func listen(
        on address: SocketAddress, limit: Int, accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        preconditionFailure("a store does not listen")
    }

    func makeWorker(named name: String) -> any Worker {
        let worker = ThreadWorker(name: name)
        workers.withLock { $0.append(worker) }
        return worker
    }

    /// Ends all threads.
    func stop() {
        for worker in workers.withLock({ $0 }) { worker.stop() }
        for case let loop as ThreadLoop in loops { loop.worker.stop() }
    }

    /// Where a loop finds its network, which is there as long as the test.
    final class Unowned: Sendable {
        let value = Atomic<Unmanaged<ThreadNetwork>?>(nil)

        var clock: Int64 {
            value.load(ordering: .acquiring)?.takeUnretainedValue().clock.load(ordering: .relaxed)
                ?? 0
        }
    }
}

/// A thread that does what it is given, in order.
final class ThreadWorker: Worker {
    private struct State: Sendable {
        var queue: [@Sendable () -> Void] = []
        var delayed: [(due: Date, work: @Sendable () -> Void)] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let condition = NSCondition()
    /// Numbers the thread that does the work.
    let thread = Atomic<UInt>(0)

    init(name: String) {
        let thread = Thread { [self] in
            self.thread.store(UInt(pthread_self()), ordering: .relaxed)
            run()
        }
        thread.name = name
        thread.start()
    }

    func submit(_ work: @escaping @Sendable () -> Void) {
        change { if !$0.isStopped { $0.queue.append(work) } }
    }

    func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        let due = Date(timeIntervalSinceNow: Double(delay.wholeNanoseconds) / 1e9)
        change { if !$0.isStopped { $0.delayed.append((due, work)) } }
    }

    func stop() { change { $0.isStopped = true } }

    private func change(_ body: (inout State) -> Void) {
        condition.lock()
        state.withLock { body(&$0) }
        condition.signal()
        condition.unlock()
    }

    private func run() {
        while true {
            condition.lock()
            var next: [@Sendable () -> Void] = []
            while true {
                let (isStopped, due) = state.withLock { state -> (Bool, Date?) in
                    let now = Date()
                    state.queue += state.delayed.filter { $0.due <= now }.map(\.work)
                    state.delayed.removeAll { $0.due <= now }
                    next = state.queue
                    state.queue = []
                    return (state.isStopped, state.delayed.map(\.due).min())
                }
                if !next.isEmpty { break }
                if isStopped {
                    condition.unlock()
                    return
                }
                if let due { _ = condition.wait(until: due) } else { condition.wait() }
            }
            condition.unlock()
            for work in next { work() }
        }
    }
}

/// A loop that is a worker.
final class ThreadLoop: EventLoop {
    let worker: ThreadWorker
    private let network: ThreadNetwork.Unowned

    init(_ network: ThreadNetwork.Unowned, name: String) {
        self.network = network
        worker = ThreadWorker(name: name)
    }

    var isCurrent: Bool {
        worker.thread.load(ordering: .relaxed) == UInt(pthread_self())
    }
    var now: MonotonicTime {
        MonotonicTime(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds))
    }
    var wallClock: Int64 { network.clock }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        let timer = PlayedTimer(action)
        let bound = LoopBound(timer, on: self)
        worker.submit(after: delay) { bound.value.fire() }
        return timer
    }

    func afterThisTurn(_ action: @escaping () -> Void) { action() }
    func post(_ action: @escaping @Sendable () -> Void) { worker.submit(action) }

    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt {
        preconditionFailure("a store resolves nothing")
    }

    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        preconditionFailure("a store does not connect")
    }

    func randomNumber() -> UInt64 { 4 }
}
