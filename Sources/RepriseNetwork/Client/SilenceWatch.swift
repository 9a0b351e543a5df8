/// How long a peer has kept still, looked at now and then instead of timed anew with each thing it
/// does.
struct SilenceWatch {
    /// Whose move it is.
    enum Turn {
        /// The peer's: it owes bytes, or has to take some.
        case peer
        /// This side's.
        case ours
    }

    /// How long a peer may keep still.
    let limit: Duration
    private var lastActivity: MonotonicTime
    /// What the peer had taken when that was last looked at; nil when it was not since its turn
    /// began.
    private var takenBytes: Int64?

    /// Makes a watch over a peer whose turn begins.
    init(limit: Duration, now: MonotonicTime) {
        self.limit = limit
        lastActivity = now
    }

    /// How long after the beginning of the peer's turn it is to be looked at first: what was
    /// written before has reached the socket by then, and does not count as taken later.
    var firstLook: Duration { min(.seconds(1), limit / 4) }

    /// The peer has done something.
    mutating func note(_ now: MonotonicTime) {
        lastActivity = now
    }

    /// The peer's turn begins.
    mutating func begin(_ now: MonotonicTime) {
        lastActivity = now
        takenBytes = nil
    }

    /// Looks at how long the peer has kept still.
    ///
    /// - Parameter takenBytes: Bytes that the peer has taken so far. When there are more than the
    ///   last time, it has taken some, at some time after that.
    /// - Returns: How long until it is to be looked at again; nil when it has kept still for too
    ///   long.
    mutating func check(_ now: MonotonicTime, turn: Turn, takenBytes: Int64) -> Duration? {
        if turn == .ours || takenBytes != self.takenBytes ?? takenBytes { note(now) }
        self.takenBytes = takenBytes
        let deadline = lastActivity + limit
        return deadline > now ? deadline - now : nil
    }
}
