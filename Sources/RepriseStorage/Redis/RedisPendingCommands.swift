import DequeModule
import NIOCore

/// The commands on one connection that wait for their replies, in the order of the replies.
///
/// Their deadlines come in any order: telling the slots of a cluster may take longer than a lookup,
/// and a command that another node has sent on has less time left than the one before it.
struct RedisPendingCommands<Waiter> {
    private struct Command {
        /// nil for nobody, or nobody any more.
        var waiter: Waiter?
        var deadline: NIODeadline
    }

    /// What the time that has passed has brought about.
    struct Lapse {
        /// Those whose deadline is over, and who are not waited for any more.
        var overdue: [Waiter] = []
        /// Whether the server is taken to be hung.
        var isHung = false
        /// When to look again; nil when there is nothing to look for.
        var next: NIODeadline?
    }

    private let patience: TimeAmount
    private let longestReply: TimeAmount
    private var commands = Deque<Command>()
    /// When the server last had nothing to answer, or sent something.
    private var silentSince = NIODeadline.uptimeNanoseconds(0)

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - patience: How long a server may send nothing at all while a command is overdue.
    ///   - longestReply: How long a command may be overdue while the server sends something.
    init(patience: TimeAmount, longestReply: TimeAmount) {
        self.patience = patience
        self.longestReply = longestReply
    }

    /// How many commands wait.
    var count: Int { commands.count }

    /// Adds a command that is sent now.
    ///
    /// - Parameter waiter: Who waits for its reply; nil for nobody.
    mutating func append(
        _ waiter: Waiter?, deadline: NIODeadline, now: @autoclosure () -> NIODeadline
    ) {
        if commands.isEmpty { silentSince = now() }
        commands.append(Command(waiter: waiter, deadline: deadline))
    }

    /// Notes that something has arrived, be it a part of a reply only.
    mutating func noteArrival(now: NIODeadline) { silentSince = now }

    /// Takes off the oldest command, whose reply has arrived.
    ///
    /// - Returns: Who waits for it, if anybody does; nil when no command waits.
    mutating func takeFirst() -> Waiter?? { commands.popFirst().map(\.waiter) }

    /// Takes off all commands.
    mutating func takeAll() -> [Waiter] {
        let waiters = commands.compactMap(\.waiter)
        commands = []
        return waiters
    }

    /// Takes off those whose deadline is over. The places of their replies, which may come yet, are
    /// kept.
    ///
    /// - Parameter isSent: Whether the commands have been sent; none is before there is a connection.
    mutating func lapse(now: NIODeadline, isSent: Bool) -> Lapse {
        var lapse = Lapse()
        var first: NIODeadline?
        for index in commands.indices {
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
