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

    let state: WorldState
    /// Every host that there was: loops, streams and workers refer to their host without owning it.
    private var allHosts: [SimulatedNetwork] = []

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
        state = WorldState(
            seed: seed, faults: faults, traceLimit: traceLimit, wallClock: wallClock)
    }

    deinit { state.end() }

    /// How the world treats those who live in it.
    public var faults: FaultPlan {
        get { state.faults }
        set { state.faults = newValue }
    }

    /// What happened, if the world was asked to record it.
    public var trace: WorldTrace? { state.trace }

    /// The virtual time; it begins at 0.
    public var now: MonotonicTime { state.now }

    /// Events that have happened.
    public var eventCount: Int { state.eventCount }

    /// A hash over the time and kind of every event: equal for equal runs, at almost no cost.
    public var fingerprint: UInt64 { state.fingerprint }

    /// The hosts that live, in the order of their making.
    public var hosts: [SimulatedNetwork] { state.hosts }

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
        let number = state.nextIdentifier()
        let host = SimulatedNetwork(
            name: name,
            address: address
                ?? [
                    10, 0, UInt8(truncatingIfNeeded: number >> 8),
                    UInt8(truncatingIfNeeded: number),
                ],
            loopCount: loopCount, world: state)
        state.hosts.append(host)
        allHosts.append(host)
        state.names[name] = .addresses([host.address])
        return host
    }

    /// Says what a look-up of a name gives, on every host.
    public func setName(_ name: String, _ result: SimulatedName) {
        state.names[name.lowercased()] = result
    }

    /// Ends the storm: no more faults happen, and workers that hang go on. Connections that have
    /// broken stay broken, and delays that have begun come to their end.
    public func calm() {
        faults = .calm
        state.note("calm")
        for host in hosts { host.calm() }
    }

    /// What is still open: streams, timers, listeners, attempts and workers, one line each, in the
    /// order of their making.
    public var leftovers: [String] { state.leftovers }
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
