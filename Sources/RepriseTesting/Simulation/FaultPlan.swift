internal import RepriseNetwork

/// A range of durations with a tail: most draws lie in the range, a few far behind it.
public struct DelayRange: Sendable, Equatable {
    /// The bounds without the tail, in nanoseconds.
    let least: Int64
    let most: Int64
    /// How often a delay is one of the tail.
    public var tailProbability: Double
    /// By how much a delay of the tail is longer, at most.
    public var tailFactor: Int

    /// Makes a range.
    public init(
        _ shortest: Duration, _ longest: Duration, tailProbability: Double = 0, tailFactor: Int = 1
    ) {
        least = max(0, shortest.wholeNanoseconds)
        most = max(least, longest.wholeNanoseconds)
        self.tailProbability = tailProbability
        self.tailFactor = tailFactor
    }

    /// The shortest delay.
    public var shortest: Duration { .nanoseconds(least) }

    /// The longest delay without the tail.
    public var longest: Duration { .nanoseconds(most) }

    /// No delay at all.
    public static let none = DelayRange(.zero, .zero)
}

/// How the world treats those who live in it: how long things take, and how often each kind of
/// fault happens. All of it is drawn from the seed of the world.
///
/// A probability "of a write" is drawn each time a socket takes bytes.
public struct FaultPlan: Sendable, Equatable, CustomStringConvertible {
    // MARK: The wire

    /// How long bytes travel one way.
    public var wireDelay = DelayRange(.microseconds(20), .microseconds(100))
    /// The bytes that a connection holds between a writer and a reader (both sockets' buffers).
    public var socketBuffer: ClosedRange<Int> = (256 << 10)...(256 << 10)
    /// How often a connection has a buffer of a few bytes up to a few kilobytes.
    public var tinyBufferProbability = 0.0
    /// How often a write arrives in several pieces, cut anywhere.
    public var splitProbability = 0.0
    /// How often a connection carries everything byte by byte (long writes in 512 pieces).
    public var byteByByteProbability = 0.0
    /// How often a piece waits for the next and is read with it.
    public var coalesceProbability = 0.0
    /// How often a socket takes only a part of what it has room for.
    public var shortWriteProbability = 0.0
    /// How often a read gets only a part of what is there.
    public var shortReadProbability = 0.0

    // MARK: Connections that break

    /// How often a write brings the connection down; each end notices in its own time.
    public var resetProbability = 0.0
    /// How often bytes that have arrived can still be read after a reset.
    public var resetKeepsBytesProbability = 0.5
    /// How often a reset shows while reading is paused and nothing is to be sent.
    public var resetShowsWhilePausedProbability = 0.0
    /// How often a write is the last that either end hears of the other.
    public var severProbability = 0.0
    /// How often a write makes its direction stand still for a time.
    public var stallProbability = 0.0
    /// How long a stall lasts.
    public var stall = DelayRange(.milliseconds(10), .seconds(5))
    /// How often a connection is refused though somebody listens.
    public var connectRefusedProbability = 0.0
    /// How often a connection is never answered.
    public var connectSilentProbability = 0.0

    // MARK: Names, threads and clocks

    /// How long a look-up takes.
    public var lookupDelay = DelayRange(.microseconds(100), .milliseconds(2))
    /// How often a look-up fails.
    public var lookupFailureProbability = 0.0
    /// How often a look-up gets no answer.
    public var lookupSilentProbability = 0.0
    /// How long it takes until a posted action begins.
    public var postDelay = DelayRange(.zero, .microseconds(5))
    /// How long a piece of work on a worker takes.
    public var workDelay = DelayRange(.microseconds(10), .microseconds(100))
    /// How often a piece of work is slow.
    public var slowWorkProbability = 0.0
    /// How long slow work takes.
    public var slowWork = DelayRange(.milliseconds(50), .seconds(10))
    /// How often a loop stands still after a turn, as under load.
    public var loopStallProbability = 0.0
    /// How long a loop stands still.
    public var loopStall = DelayRange(.microseconds(100), .milliseconds(200))
    /// How often the time of day jumps after a turn.
    public var clockJumpProbability = 0.0
    /// The farthest jump of the time of day, either way.
    public var clockJump = Duration.seconds(3600)

    /// Makes a plan without faults; splits and tiny buffers are off too.
    public init() {}

    /// A world without faults.
    public static let calm = FaultPlan()

    /// A plan for one run among many: each kind of fault is off in about half of the runs, and
    /// otherwise has a weight that differs by orders of magnitude (swarm testing, Groce et al.,
    /// ISSTA 2012).
    public static func swarm(_ random: inout SeededRandom) -> FaultPlan {
        var plan = FaultPlan()
        /// Zero, or a probability of which each order of magnitude is as likely.
        func weight(upTo most: Double) -> Double {
            if random.chance(0.5) { return 0 }
            var drawn = most
            for _ in 0..<random.number(below: 4) { drawn /= 10 }
            return drawn * (0.1 + 0.9 * random.fraction())
        }
        let speeds: [DelayRange] = [
            DelayRange(.microseconds(20), .microseconds(100)),
            DelayRange(.microseconds(20), .milliseconds(5)),
            DelayRange(.milliseconds(1), .milliseconds(80)),
            DelayRange(
                .microseconds(50), .microseconds(500), tailProbability: 0.02, tailFactor: 2000),
        ]
        plan.wireDelay = random.pick(speeds) ?? plan.wireDelay
        let least = 1 << random.number(in: 10...18)
        plan.socketBuffer = least...(least << random.number(in: 0...3))
        plan.tinyBufferProbability = weight(upTo: 0.5)
        plan.splitProbability = weight(upTo: 1)
        plan.byteByByteProbability = weight(upTo: 0.3)
        plan.coalesceProbability = weight(upTo: 0.8)
        plan.shortWriteProbability = weight(upTo: 0.8)
        plan.shortReadProbability = weight(upTo: 0.8)
        plan.resetProbability = weight(upTo: 0.1)
        plan.resetKeepsBytesProbability = random.fraction()
        plan.resetShowsWhilePausedProbability = weight(upTo: 1)
        plan.severProbability = weight(upTo: 0.05)
        plan.stallProbability = weight(upTo: 0.2)
        plan.connectRefusedProbability = weight(upTo: 0.3)
        plan.connectSilentProbability = weight(upTo: 0.2)
        plan.lookupFailureProbability = weight(upTo: 0.3)
        plan.lookupSilentProbability = weight(upTo: 0.2)
        plan.slowWorkProbability = weight(upTo: 0.3)
        plan.loopStallProbability = weight(upTo: 0.1)
        plan.clockJumpProbability = weight(upTo: 0.05)
        if random.chance(0.5) { plan.postDelay = DelayRange(.zero, .milliseconds(2)) }
        return plan
    }

    /// The plan as one block of lines, for the report of a run.
    public var description: String {
        func range(_ delay: DelayRange) -> String {
            let tail =
                delay.tailProbability > 0
                ? ", \(delay.tailProbability) up to \(delay.tailFactor) times" : ""
            return "\(delay.shortest)...\(delay.longest)\(tail)"
        }
        let lines: [(String, String)] = [
            ("wire delay", range(wireDelay)),
            ("socket buffer", "\(socketBuffer), tiny \(tinyBufferProbability)"),
            ("split", "\(splitProbability), byte by byte \(byteByByteProbability)"),
            ("coalesce", "\(coalesceProbability)"),
            ("short", "write \(shortWriteProbability), read \(shortReadProbability)"),
            (
                "reset",
                "\(resetProbability), keeps bytes \(resetKeepsBytesProbability), "
                    + "shows while paused \(resetShowsWhilePausedProbability)"
            ),
            ("sever", "\(severProbability)"),
            ("stall", "\(stallProbability), \(range(stall))"),
            ("connect", "refused \(connectRefusedProbability), silent \(connectSilentProbability)"),
            (
                "lookup",
                "\(range(lookupDelay)), fails \(lookupFailureProbability), "
                    + "silent \(lookupSilentProbability)"
            ),
            ("post", range(postDelay)),
            ("work", "\(range(workDelay)), slow \(slowWorkProbability) \(range(slowWork))"),
            ("loop stall", "\(loopStallProbability), \(range(loopStall))"),
            ("clock jump", "\(clockJumpProbability), at most \(clockJump)"),
        ]
        return lines.map { "\($0): \($1)\n" }.joined()
    }
}
