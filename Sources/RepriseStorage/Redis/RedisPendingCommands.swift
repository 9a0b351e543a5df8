internal import RepriseNetwork

/// The commands on one connection that wait for their replies, in the order of the replies.
///
/// Their deadlines come in any order: telling the slots of a cluster may take longer than a lookup,
/// and a command that another node has sent on has less time left than the one before it.
struct RedisPendingCommands<Waiter> {
    private struct Command {
        /// nil for nobody, or nobody any more.
        var waiter: Waiter?
        var deadline: MonotonicTime
    }

    /// What the time that has passed has brought about.
    struct Lapse {
        /// Those whose deadline is over, and who are not waited for any more.
        var overdue: [Waiter] = []
        /// Whether the server is taken to be hung.
        var isHung = false
        /// When to look again; nil when there is nothing to look for.
        var next: MonotonicTime?
    }

    private let patience: Duration
    private let longestReply: Duration
    private var commands: [Command] = []
    /// Where the oldest of `commands` stands; those before it are over.
    private var start = 0
    /// When the server last had nothing to answer, or sent something.
    private var silentSince = MonotonicTime(nanoseconds: 0)

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - patience: How long a server may send nothing at all while a command is overdue.
    ///   - longestReply: How long a command may be overdue while the server sends something.
    init(patience: Duration, longestReply: Duration) {
        self.patience = patience
        self.longestReply = longestReply
    }

    /// How many commands wait.
    var count: Int { commands.count - start }

    /// Adds a command that is sent now.
    ///
    /// - Parameter waiter: Who waits for its reply; nil for nobody.
    mutating func append(
        _ waiter: Waiter?, deadline: MonotonicTime, now: @autoclosure () -> MonotonicTime
    ) {
        if count == 0 { silentSince = now() }
        commands.append(Command(waiter: waiter, deadline: deadline))
    }

    /// Notes that something has arrived, be it a part of a reply only.
    mutating func noteArrival(now: MonotonicTime) { silentSince = now }

    /// Takes off the oldest command, whose reply has arrived.
    ///
    /// - Returns: Who waits for it, if anybody does; nil when no command waits.
    mutating func takeFirst() -> Waiter?? {
        guard start < commands.count else { return nil }
        let waiter = commands[start].waiter
        commands[start].waiter = nil
        start += 1
        // Each command is moved at most once for each that is taken off.
        if start > 64, start * 2 > commands.count {
            commands.removeSubrange(..<start)
            start = 0
        } else if start == commands.count {
            commands.removeAll(keepingCapacity: true)
            start = 0
        }
        return .some(waiter)
    }

    /// Takes off all commands.
    mutating func takeAll() -> [Waiter] {
        let waiters = commands.compactMap(\.waiter)
        commands = []
        start = 0
        return waiters
    }

    /// Takes off those whose deadline is over. The places of their replies, which may come yet, are
    /// kept.
    ///
    /// - Parameter isSent: Whether the commands have been sent; none is before there is a connection.
    mutating func lapse(now: MonotonicTime, isSent: Bool) -> Lapse {
        var lapse = Lapse()
        var first: MonotonicTime?
        for index in start..<commands.count {
            let deadline = commands[index].deadline
            if deadline > now {
                lapse.next = min(lapse.next ?? deadline, deadline)
                continue
            }
            first = min(first ?? deadline, deadline)
            if let waiter = commands[index].waiter {
                commands[index].waiter = nil
                lapse.overdue.append(waiter)
            }
        }
        guard isSent, let first else { return lapse }
        let end = min(silentSince + patience, first + longestReply)
        if end <= now { lapse.isHung = true }
        lapse.next = min(lapse.next ?? end, end)
        return lapse
    }
}
