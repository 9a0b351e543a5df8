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
    /// What the peer had taken when that was last looked at.
    private var takenBytes: Int64 = 0

    /// Makes a watch over a peer that has just done something.
    init(limit: Duration, now: MonotonicTime, takenBytes: Int64) {
        self.limit = limit
        lastActivity = now
        self.takenBytes = takenBytes
    }

    /// The peer has done something, or its turn has begun.
    mutating func note(_ now: MonotonicTime) {
        lastActivity = now
    }

    /// Looks at how long the peer has kept still.
    ///
    /// - Parameter takenBytes: Bytes that the peer has taken so far. When there are more than the
    ///   last time, it has taken some, at some time after that.
    /// - Returns: How long until it is to be looked at again; nil when it has kept still for too
    ///   long.
    mutating func check(_ now: MonotonicTime, turn: Turn, takenBytes: Int64) -> Duration? {
        if turn == .ours || takenBytes != self.takenBytes { note(now) }
        self.takenBytes = takenBytes
        let deadline = lastActivity + limit
        return deadline > now ? deadline - now : nil
    }
}
