import NIOCore

/// How long to wait before a server is tried again: twice as long after each failure, up to a
/// limit, and spread at random so that not all clients come back at once.
struct RedisBackOff {
    private let initial: TimeAmount
    private let limit: TimeAmount
    private var bound: TimeAmount

    /// Makes a back-off.
    ///
    /// - Parameters:
    ///   - initial: The longest first wait.
    ///   - limit: The longest wait of all.
    init(initial: TimeAmount = .milliseconds(50), limit: TimeAmount = .seconds(5)) {
        self.initial = initial
        self.limit = max(initial, limit)
        bound = initial
    }

    /// The next wait: between half of the bound and the bound, which then doubles.
    mutating func next(using random: inout some RandomNumberGenerator) -> TimeAmount {
        let longest = bound.nanoseconds
        bound = min(limit, bound * 2)
        return .nanoseconds(Int64.random(in: longest / 2...longest, using: &random))
    }

    /// Starts again with the shortest wait.
    mutating func reset() { bound = initial }
}
