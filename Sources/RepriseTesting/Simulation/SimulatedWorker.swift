public import RepriseNetwork

/// A worker of a simulated host. Its work runs on the world's thread, one piece at a time, at a
/// later virtual time; it is nobody's turn then.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time.
public final class SimulatedWorker: Worker, EventTarget, OpenThing, @unchecked Sendable {
    private enum Event: Int {
        case pieceDue, pieceRuns
    }

    /// The host's name and the worker's own, such as `server/sqlite`.
    public let name: String
    /// Time that each piece of work takes on top of what is drawn.
    public var slowness = Duration.zero
    /// Whether the worker does nothing, as one whose disk does not answer.
    public private(set) var isHung = false

    let identifier: Int
    unowned let host: SimulatedNetwork
    private var ready = FirstInFirstOut<@Sendable () -> Void>()
    /// Pieces that wait for their time, in its order; of the same time in that of submission.
    private var later: [(due: Int64, work: @Sendable () -> Void)] = []
    private var isBusy = false
    private var isStopping = false
    private var isStopped = false

    init(name: String, host: SimulatedNetwork) {
        self.name = name
        self.host = host
        identifier = host.world.nextIdentifier()
        host.world.opened(self)
    }

    /// The worker's name, and how much it has to do.
    public var description: String {
        "worker \(name), \(ready.count) pieces ready, \(later.count) later"
    }

    /// Runs a piece of work after those given before it.
    public func submit(_ work: @escaping @Sendable () -> Void) {
        guard !isStopping else { return }
        ready.append(work)
        goOn()
    }

    /// Runs a piece of work a duration from now, or later.
    public func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        guard !isStopping else { return }
        let due = (host.world.now + max(.zero, delay)).nanoseconds
        let index = later.firstIndex { $0.due > due } ?? later.endIndex
        later.insert((due, work), at: index)
        host.world.queue.add(self, code: Event.pieceDue.rawValue, loop: nil, time: due)
    }

    /// Ends the worker once its ready work is done; pieces whose time has not come are dropped.
    public func stop() {
        isStopping = true
        later = []
        goOn()
    }

    /// Keeps the worker from beginning another piece until ``resume()``.
    public func hang() { isHung = true }

    /// Lets a hung worker go on.
    public func resume() {
        isHung = false
        goOn()
    }

    func crash() {
        isStopping = true
        isStopped = true
        ready.removeAll()
        later = []
        host.world.closed(self)
    }

    func fire(_ code: Int) {
        guard !isStopped else { return }
        if code == Event.pieceDue.rawValue {
            while let first = later.first, first.due <= host.world.time {
                ready.append(first.work)
                later.removeFirst()
            }
        } else {
            isBusy = false
            if !isHung, let work = ready.popFirst() {
                host.world.note("\(name) works")
                work()
            }
        }
        goOn()
    }

    private func goOn() {
        guard !isBusy, !isStopped else { return }
        if ready.isEmpty {
            guard isStopping else { return }
            isStopped = true
            host.world.closed(self)
            host.closed(self)
            return
        }
        if isHung { return }
        let world = host.world
        var delay = world.draw(world.faults.workDelay) + slowness.wholeNanoseconds
        if world.chance(world.faults.slowWorkProbability) {
            delay += world.draw(world.faults.slowWork)
        }
        isBusy = true
        world.add(self, code: Event.pieceRuns.rawValue, on: nil, after: delay)
    }
}
