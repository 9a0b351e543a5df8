internal import RepriseNetwork

/// What the inhabitants of a world share: its time, its events, what it draws from.
///
/// ``SimulatedWorld`` owns it and empties it at its own end, so that loops and streams can own it
/// too without keeping a world for ever.
final class WorldState {
    let firstWallClock: Int64
    var faults: FaultPlan
    var trace: WorldTrace?
    let isTracing: Bool
    var eventCount = 0
    var fingerprint: UInt64 = 0
    var hosts: [SimulatedNetwork] = []
    var time: Int64 = 0
    var queue = EventQueue()
    /// What the wire and the fates of connections draw from.
    private var random: SeededRandom
    /// The loop whose turn it is.
    var current: SimulatedLoop?
    /// Whether an event is happening, also one that is not of a loop.
    var isRunning = false
    var names: [String: SimulatedName] = [:]
    private var open: [Int: any OpenThing] = [:]
    private var lastIdentifier = 0

    init(seed: UInt64, faults: FaultPlan, traceLimit: Int, wallClock: Int64) {
        self.faults = faults
        firstWallClock = wallClock
        random = SeededRandom(seed: seed)
        isTracing = traceLimit > 0
        trace = traceLimit > 0 ? WorldTrace(limit: traceLimit) : nil
    }

    /// Lets go of all that refers back to the world.
    func end() {
        queue = EventQueue()
        open = [:]
        hosts = []
    }

    var now: MonotonicTime { MonotonicTime(nanoseconds: time) }

    var leftovers: [String] {
        var lines = open.sorted { $0.key < $1.key }.map { $0.value.description }
        for event in queue.events() {
            guard event.target is SimulatedTimer, let loop = event.loop, !loop.isStopped else {
                continue
            }
            lines.append(
                "timer of \(loop.name), due at \(MonotonicTime(nanoseconds: event.time).spelled)")
        }
        return lines
    }

    func nextIdentifier() -> Int {
        lastIdentifier += 1
        return lastIdentifier
    }

    func opened(_ thing: any OpenThing) { open[thing.identifier] = thing }

    func closed(_ thing: any OpenThing) { open[thing.identifier] = nil }

    /// Forgets what a crashed host had open.
    func closeAll(of host: SimulatedNetwork) { open = open.filter { $0.value.host !== host } }

    @inline(__always)
    func note(_ what: @autoclosure () -> String) {
        if isTracing { trace?.append(now, what()) }
    }

    /// A delay in nanoseconds.
    func draw(_ range: DelayRange) -> Int64 {
        // Drawn from a copy: reading and writing a property whole needs no check of its accesses.
        var random = random
        defer { self.random = random }
        var delay =
            range.least &+ Int64(random.number(below: Int(range.most &- range.least &+ 1)))
        if random.chance(range.tailProbability) {
            let (long, overflow) = delay.multipliedReportingOverflow(
                by: Int64(1 + random.number(below: range.tailFactor)))
            if !overflow { delay = long }
        }
        return delay
    }

    /// True with a probability.
    func chance(_ probability: Double) -> Bool {
        guard probability > 0 else { return false }
        var random = random
        defer { self.random = random }
        return random.chance(probability)
    }

    /// A number of a range.
    func number(in range: ClosedRange<Int>) -> Int { random.number(in: range) }

    /// A source of its own.
    func fork() -> SeededRandom { random.fork() }

    @discardableResult
    func add(
        _ target: any EventTarget, code: Int = 0, on loop: SimulatedLoop?, after delay: Int64 = 0
    ) -> EventHandle {
        let (due, overflow) = time.addingReportingOverflow(max(0, delay))
        return queue.add(target, code: code, loop: loop, time: overflow ? .max : due)
    }
}

/// A thing of the world that its owner has to close.
protocol OpenThing: AnyObject, CustomStringConvertible {
    var identifier: Int { get }
    var host: SimulatedNetwork { get }
}
