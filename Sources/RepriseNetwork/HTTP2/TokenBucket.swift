/// How often a peer may do what costs us more than it costs him: so often at once, and so often a
/// second ever after.
struct TokenBucket: Sendable {
    private let capacity: Int64
    private let nanosecondsAToken: Int64
    private var tokens: Int64
    private var counted: MonotonicTime

    /// Makes a full bucket.
    ///
    /// - Parameter rate: Tokens a second.
    init(capacity: Int64, rate: Int64, now: MonotonicTime) {
        self.capacity = capacity
        nanosecondsAToken = 1_000_000_000 / max(1, rate)
        tokens = capacity
        counted = now
    }

    /// Takes tokens.
    ///
    /// - Returns: false when there were not enough.
    mutating func take(_ count: Int, now: MonotonicTime) -> Bool {
        let earned = (now.nanoseconds - counted.nanoseconds) / nanosecondsAToken
        if earned > 0 {
            counted.nanoseconds += earned * nanosecondsAToken
            tokens = min(capacity, tokens + min(earned, capacity))
        }
        tokens -= Int64(count)
        guard tokens < 0 else { return true }
        tokens = 0
        return false
    }
}
