public import RepriseNetwork

/// An event loop of a simulated host. All loops of a world run on the thread that runs the world,
/// one turn at a time.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time
/// (``SimulatedWorld``); simulated workers run on it too.
public final class SimulatedLoop: EventLoop, @unchecked Sendable {
    /// The host's name and the loop's number, such as `server/0`.
    public let name: String
    let world: WorldState
    unowned let host: SimulatedNetwork
    /// Whether the host has crashed: nothing of this loop happens any more.
    private(set) var isStopped = false
    /// The loop does nothing before this time.
    private(set) var busyUntil: Int64 = 0

    private var random: SeededRandom
    private var endOfTurn: [() -> Void] = []
    private var written: [SimulatedStream] = []
    private var lastPost: Int64 = 0

    init(name: String, host: SimulatedNetwork, world: WorldState) {
        self.name = name
        self.host = host
        self.world = world
        random = world.fork()
    }

    /// Whether it is this loop's turn.
    public var isCurrent: Bool { world.current === self }

    /// The virtual time.
    public var now: MonotonicTime { world.now }

    /// The host's time of day.
    public var wallClock: Int64 { host.wallClock }

    /// Runs an action once, a duration from now.
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        requireTurn()
        let timer = SimulatedTimer(loop: self, action: action)
        timer.handle = world.add(timer, on: self, after: delay.wholeNanoseconds)
        return timer
    }

    /// Runs an action at the end of this turn; what it adds in its turn runs then too.
    public func afterThisTurn(_ action: @escaping () -> Void) {
        requireTurn()
        endOfTurn.append(action)
    }

    /// Runs an action in a turn of its own, after those posted before it.
    public func post(_ action: @escaping @Sendable () -> Void) {
        if isStopped { return }
        let due = max(lastPost, world.time + world.draw(world.faults.postDelay))
        lastPost = due
        world.queue.add(PostedAction(action), code: 0, loop: self, time: due)
    }

    /// A random number from the world's seed, of a sequence that is this loop's own.
    public func randomNumber() -> UInt64 { random.next() }

    /// Runs an action in a turn of its own, now: for a test, between two events.
    public func perform<Result>(_ action: () throws -> Result) rethrows -> Result {
        precondition(!world.isRunning, "a turn is begun only between two events")
        precondition(!isStopped, "the host of the loop has crashed")
        return try runTurn(action)
    }

    /// Runs an action in this turn, if it is this loop's, else in one of its own.
    func inTurn(_ action: () -> Void) {
        if isCurrent { action() } else { perform(action) }
    }

    /// Keeps the loop from doing anything for a time, as a long turn does.
    public func stall(for duration: Duration) {
        busyUntil = max(busyUntil, (now + duration).nanoseconds)
        world.note("\(name) stands still until \(MonotonicTime(nanoseconds: busyUntil).spelled)")
    }

    // MARK: Turns

    func requireTurn() {
        precondition(world.current === self, "the loop is used outside of its turn")
    }

    @inline(__always)
    func runTurn<Result>(_ action: () throws -> Result) rethrows -> Result {
        world.isRunning = true
        world.current = self
        defer {
            endTurn()
            world.current = nil
            world.isRunning = false
        }
        return try action()
    }

    /// Puts a stream on the list of those whose bytes leave at the end of the turn.
    func flushAtEndOfTurn(_ stream: SimulatedStream) { written.append(stream) }

    func stop() {
        isStopped = true
        endOfTurn = []
        written = []
    }

    private func endTurn() {
        while !endOfTurn.isEmpty {
            let actions = endOfTurn
            endOfTurn.removeAll(keepingCapacity: true)
            for action in actions { action() }
        }
        if !written.isEmpty {
            // A flush calls nobody, so the list does not change under it.
            if written.count == 1 {
                written.removeLast().flush()
            } else {
                for stream in written { stream.flush() }
                written.removeAll(keepingCapacity: true)
            }
        }
        if world.faults.loopStallProbability > 0,
            world.chance(world.faults.loopStallProbability)
        {
            stall(for: .nanoseconds(world.draw(world.faults.loopStall)))
        }
        if world.faults.clockJumpProbability > 0,
            world.chance(world.faults.clockJumpProbability)
        {
            let most = Int(world.faults.clockJump.wholeNanoseconds / 1_000_000)
            host.jumpWallClock(by: .milliseconds(world.number(in: -most...most)))
        }
    }
}

/// A timer of a simulated loop.
final class SimulatedTimer: LoopTimer, EventTarget {
    fileprivate(set) var handle: EventHandle?
    private let loop: SimulatedLoop
    private var action: (() -> Void)?

    init(loop: SimulatedLoop, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    func cancel() {
        loop.requireTurn()
        guard action != nil else { return }
        action = nil
        if let handle { loop.world.queue.cancel(handle) }
    }

    func fire(_ code: Int) {
        let action = action
        self.action = nil
        loop.world.note("\(loop.name) timer")
        action?()
    }
}

/// An action on its way to a loop, or of the world itself.
final class PostedAction: EventTarget {
    private let action: () -> Void

    init(_ action: @escaping () -> Void) { self.action = action }

    func fire(_ code: Int) { action() }
}
