internal import RepriseNetwork

/// How long to wait before a server is tried again: twice as long after each failure, up to a
/// limit, and spread at random so that not all clients come back at once.
struct RedisBackOff {
    private let initial: Int64
    private let limit: Int64
    /// Nanoseconds.
    private var bound: Int64

    /// Makes a back-off.
    ///
    /// - Parameters:
    ///   - initial: The longest first wait.
    ///   - limit: The longest wait of all.
    init(initial: Duration = .milliseconds(50), limit: Duration = .seconds(5)) {
        self.initial = max(1, initial.wholeNanoseconds)
        self.limit = max(self.initial, limit.wholeNanoseconds)
        bound = self.initial
    }

    /// The next wait: between half of the bound and the bound, which then doubles.
    mutating func next(random: UInt64) -> Duration {
        let half = bound / 2
        let wait = half + Int64(random % UInt64(bound - half + 1))
        bound = bound > limit / 2 ? limit : bound * 2
        return .nanoseconds(wait)
    }

    /// Starts again with the shortest wait.
    mutating func reset() { bound = initial }
}
