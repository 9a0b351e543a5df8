/// How long to wait before the store is asked again for an entry: longer each time, up to a limit,
/// and spread at random so that not all servers ask at once.
struct PollingPace {
    /// The longest first wait.
    static let first = Duration.milliseconds(20)
    /// The longest wait of all.
    static let longest = Duration.milliseconds(250)

    private var bound = first

    /// The next wait: between half of the bound and the bound, which then grows by half.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let wait = bound * Double.random(in: 0.5...1, using: &random)
        bound = min(Self.longest, bound * 1.5)
        return wait
    }
}
