import RepriseNetwork

/// How long to wait before the store is asked again for an entry: longer each time, up to a limit,
/// and spread at random so that not all servers ask at once.
struct PollingPace {
    /// The longest first wait.
    static let first = Duration.milliseconds(20)
    /// The longest wait of all.
    static let longest = Duration.milliseconds(250)

    private var bound = first

    /// The next wait: between half of the bound and the bound, which then grows by half.
    ///
    /// - Parameter random: Any number, drawn for this wait.
    mutating func next(random: UInt64) -> Duration {
        let half = bound.wholeNanoseconds / 2
        let wait = half + Int64(random % UInt64(half + 1))
        bound = min(Self.longest, .nanoseconds(half * 3))
        return .nanoseconds(wait)
    }
}
