public import RepriseNetwork

/// A world of hosts with virtual time, drawn from one seed: the second implementation of the door
/// through which time and the network come in.
///
/// Events happen one at a time, in the order of (virtual time, sequence), on the thread that calls
/// one of the `run` methods. The same seed with the same calls gives the same run, and the same
/// ``trace`` byte for byte. A world and everything in it is used by one thread at a time.
///
/// A run has two phases: a storm, in which ``faults`` of some kinds are on, and after ``calm()`` a
/// calm, in which all that was begun has to come to an end.
public final class SimulatedWorld {
    /// The seed.
    public let seed: UInt64
    /// How the world treats those who live in it.
    public var faults: FaultPlan
    /// What happened, if the world was asked to record it.
    public internal(set) var trace: WorldTrace?
    /// The time of day at the beginning of the world, in milliseconds since 1970.
    public let firstWallClock: Int64
    /// Events that have happened.
    public internal(set) var eventCount = 0
    /// A hash over the time and kind of every event: equal for equal runs, at almost no cost.
    public internal(set) var fingerprint: UInt64 = 0
    /// The hosts that live, in the order of their making.
    public internal(set) var hosts: [SimulatedNetwork] = []

    /// Every host that there was: loops, streams and workers refer to their host without owning it.
    private var allHosts: [SimulatedNetwork] = []
    var time: Int64 = 0
    var queue = EventQueue()
    /// What the wire and the fates of connections draw from.
    var random: SeededRandom
    /// The loop whose turn it is.
    var current: SimulatedLoop?
    /// Whether an event is happening, also one that is not of a loop.
    var isRunning = false
    var names: [String: SimulatedName] = [:]
    private var open: [Int: any OpenThing] = [:]
    private var lastIdentifier = 0

    /// Makes an empty world.
    ///
    /// - Parameters:
    ///   - traceLimit: The most lines of ``trace`` that are held; 0 records none, which is faster.
    ///   - wallClock: The time of day at the beginning, in milliseconds since 1970.
    public init(
        seed: UInt64, faults: FaultPlan = .calm, traceLimit: Int = 0,
        wallClock: Int64 = 1_700_000_000_000
    ) {
        self.seed = seed
        self.faults = faults
        firstWallClock = wallClock
        random = SeededRandom(seed: seed)
        trace = traceLimit > 0 ? WorldTrace(limit: traceLimit) : nil
    }

    /// The virtual time; it begins at 0.
    public var now: MonotonicTime { MonotonicTime(nanoseconds: time) }

    /// Adds a host that other hosts reach by its name and its address.
    ///
    /// - Parameters:
    ///   - name: Its name, in lower case; not that of another living host.
    ///   - address: 4 or 16 bytes; by default 10.0.0.n, n counting up from 1.
    ///   - loopCount: How many event loops it has.
    public func addHost(
        _ name: String, address: [UInt8]? = nil, loopCount: Int = 1
    ) -> SimulatedNetwork {
        precondition(!hosts.contains { $0.name == name }, "a living host has the name \(name)")
        let number = nextIdentifier()
        let host = SimulatedNetwork(
            name: name,
            address: address
                ?? [
                    10, 0, UInt8(truncatingIfNeeded: number >> 8),
                    UInt8(truncatingIfNeeded: number),
                ],
            loopCount: loopCount, world: self)
        hosts.append(host)
        allHosts.append(host)
        names[name] = .addresses([host.address])
        return host
    }

    /// Says what a look-up of a name gives, on every host.
    public func setName(_ name: String, _ result: SimulatedName) {
        names[name.lowercased()] = result
    }

    /// Ends the storm: no more faults happen, and workers that hang go on. Connections that have
    /// broken stay broken, and delays that have begun come to their end.
    public func calm() {
        faults = .calm
        note("calm")
        for host in hosts { host.calm() }
    }

    /// What is still open: streams, timers, listeners, attempts and workers, one line each, in the
    /// order of their making.
    public var leftovers: [String] {
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

    // MARK: For the inhabitants

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
        if trace != nil { trace?.append(now, what()) }
    }

    /// A delay in nanoseconds.
    func draw(_ range: DelayRange) -> Int64 {
        let least = range.shortest.wholeNanoseconds
        let most = range.longest.wholeNanoseconds
        var delay = least &+ Int64(random.number(below: Int(most &- least &+ 1)))
        if random.chance(range.tailProbability) {
            let (long, overflow) = delay.multipliedReportingOverflow(
                by: Int64(1 + random.number(below: range.tailFactor)))
            if !overflow { delay = long }
        }
        return delay
    }

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

/// What a look-up of a name gives.
public enum SimulatedName: Sendable, Equatable {
    /// Addresses, each of 4 or 16 bytes.
    case addresses([[UInt8]])
    /// There is no such name.
    case unknown
    /// The name server reports an error.
    case failing(String)
    /// The name server does not answer; the look-up fails after 30 seconds.
    case silent
}
