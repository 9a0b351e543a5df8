import NIOCore

/// Tells whether a peer has kept still for too long, looked at now and then instead of timed anew
/// with each thing it does.
struct IdleWatch {
    /// How long a peer may keep still.
    let limit: TimeAmount
    private var lastActivity: NIODeadline
    /// Bytes that waited to be written when that was last looked at.
    private var unwritten = 0

    /// Why a peer that does nothing is not at fault.
    enum Turn {
        /// It is: it owes bytes, or has to take some.
        case peer
        /// It waits for this side.
        case ours
    }

    /// Makes a watch over a peer that has just done something.
    init(limit: TimeAmount, now: NIODeadline) {
        self.limit = limit
        lastActivity = now
    }

    /// The peer has done something, or its turn has begun.
    mutating func note(_ now: NIODeadline, unwritten: Int = 0) {
        lastActivity = now
        self.unwritten = unwritten
    }

    /// Looks at how long the peer has kept still.
    ///
    /// - Parameter unwritten: Bytes that wait until the peer takes them. When there are others than
    ///   the last time, it has taken some, some time after that.
    /// - Returns: When to look again; nil when it has kept still for too long.
    mutating func check(_ now: NIODeadline, turn: Turn, unwritten: Int) -> NIODeadline? {
        if turn == .ours || unwritten != self.unwritten {
            note(now, unwritten: unwritten)
        }
        let deadline = lastActivity + limit
        return deadline > now ? deadline : nil
    }
}
