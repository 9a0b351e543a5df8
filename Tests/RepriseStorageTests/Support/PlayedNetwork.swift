import RepriseNetwork
import Synchronization

/// A network whose loops and workers all run on the test's thread, in the order in which they were
/// given work, and whose time passes when the test says so.
///
/// `@unchecked Sendable` because a test that uses it has one thread.
final class PlayedNetwork: Network, @unchecked Sendable {
    private struct Item {
        let due: Int64
        let action: () -> Void
    }

    private var items: [Item] = []
    private(set) var time: Int64 = 0
    /// The time of day at the beginning, in milliseconds; a test may make it step.
    var wallStart: Int64 = 1_700_000_000_000
    private(set) var loops: [any EventLoop] = []
    private(set) var workers: [PlayedWorker] = []

    init() {
        loops = [PlayedLoop(self)]
    }

    var loop: any EventLoop { loops[0] }
    var wallClock: Int64 { wallStart + time / 1_000_000 }

    func listen(
        on address: SocketAddress, limit: Int, accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        preconditionFailure("a store does not listen")
    }

    func makeWorker(named name: String) -> any Worker {
        let worker = PlayedWorker(self, name: name)
        workers.append(worker)
        return worker
    }

    /// Adds an action; it runs a duration from now.
    func add(after delay: Duration = .zero, _ action: @escaping () -> Void) {
        let item = Item(due: time + delay.wholeNanoseconds, action: action)
        // In the order in which they run, the next one last.
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].due > item.due { low = middle + 1 } else { high = middle }
        }
        items.insert(item, at: low)
    }

    /// Runs all that is due now, and all that this brings about.
    func run() {
        while let next = nextItem(by: time) { next.action() }
    }

    /// Runs the next action that is due now.
    ///
    /// - Returns: false when there is none.
    func step() -> Bool {
        guard let next = nextItem(by: time) else { return false }
        next.action()
        return true
    }

    /// Lets time pass, and runs what becomes due at its moment.
    func advance(by duration: Duration) {
        let end = time + duration.wholeNanoseconds
        run()
        while let next = nextItem(by: end) {
            time = max(time, next.due)
            next.action()
        }
        time = end
    }

    private func nextItem(by end: Int64) -> Item? {
        guard let next = items.last, next.due <= end else { return nil }
        return items.removeLast()
    }
}

/// A loop of a ``PlayedNetwork``; `@unchecked Sendable` as that is.
final class PlayedLoop: EventLoop, @unchecked Sendable {
    private unowned let network: PlayedNetwork

    init(_ network: PlayedNetwork) {
        self.network = network
    }

    var isCurrent: Bool { true }
    var now: MonotonicTime { MonotonicTime(nanoseconds: network.time) }
    var wallClock: Int64 { network.wallClock }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        let timer = PlayedTimer(action)
        network.add(after: delay) { timer.fire() }
        return timer
    }

    func afterThisTurn(_ action: @escaping () -> Void) { network.add(action) }
    func post(_ action: @escaping @Sendable () -> Void) { network.add(action) }

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

final class PlayedTimer: LoopTimer {
    private var action: (() -> Void)?

    init(_ action: @escaping () -> Void) {
        self.action = action
    }

    func fire() {
        let action = action
        self.action = nil
        action?()
    }

    func cancel() { action = nil }
}

/// A worker of a ``PlayedNetwork``; `@unchecked Sendable` as that is.
final class PlayedWorker: Worker, @unchecked Sendable {
    private unowned let network: PlayedNetwork
    let name: String
    /// While set, work waits, as on a disk that hangs.
    var isStuck = false {
        didSet { if !isStuck { network.add { self.work() } } }
    }
    private(set) var isStopped = false
    private var queue: [() -> Void] = []

    init(_ network: PlayedNetwork, name: String) {
        self.network = network
        self.name = name
    }

    func submit(_ work: @escaping @Sendable () -> Void) {
        guard !isStopped else { return }
        queue.append(work)
        network.add { self.work() }
    }

    func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        guard !isStopped else { return }
        network.add(after: delay) { self.submit(work) }
    }

    func stop() { isStopped = true }

    private func work() {
        while !isStuck, !queue.isEmpty { queue.removeFirst()() }
    }
}
