/// Decides whether a store that keeps failing is asked again, as a state machine without I/O.
///
/// Closed: every call is allowed. After a number of failures in a row it opens: no call is allowed
/// until a back-off is over. Then it is half open: one call is allowed as a probe, whose success
/// closes the breaker and whose failure opens it for twice as long, up to a limit.
///
/// Times are milliseconds of a clock that the caller reads. Should that clock step back, a probe is
/// allowed no later than one back-off after the time it stepped back to.
public struct CircuitBreaker: Sendable, Equatable {
    /// What the breaker lets through.
    public enum Condition: String, Sendable, Equatable {
        /// Every call.
        case closed
        /// No call.
        case open
        /// One probe.
        case halfOpen = "half-open"
    }

    /// A change of condition.
    enum Change: Equatable {
        /// No call is allowed for this many milliseconds.
        case opened(milliseconds: Int64)
        /// The probe has failed: no call is allowed for this many milliseconds more.
        case reopened(milliseconds: Int64)
        /// Every call is allowed again.
        case closed
    }

    /// What the breaker lets through now.
    private(set) var condition = Condition.closed

    private let threshold: Int
    private let initialBackOff: Int64
    private let maximumBackOff: Int64
    private var failures = 0
    private var backOff: Int64
    private var openedAt: Int64 = 0

    /// Makes a closed breaker.
    ///
    /// - Parameters:
    ///   - threshold: Failures in a row that open it, at least 1.
    ///   - initialBackOff: Milliseconds before the first probe.
    ///   - maximumBackOff: The limit to which the back-off doubles.
    init(threshold: Int = 5, initialBackOff: Int64 = 1000, maximumBackOff: Int64 = 30_000) {
        self.threshold = max(1, threshold)
        self.initialBackOff = initialBackOff
        self.maximumBackOff = max(initialBackOff, maximumBackOff)
        self.backOff = initialBackOff
    }

    /// Asks for a call. One that is allowed must be followed by ``succeed()``, ``fail(now:)`` or
    /// ``abandon()``.
    mutating func allows(now: Int64) -> Bool {
        switch condition {
        case .closed:
            return true
        case .halfOpen:
            return false
        case .open:
            guard delay(now: now) == 0 else { return false }
            condition = .halfOpen
            return true
        }
    }

    /// Milliseconds until a call may be allowed.
    mutating func delay(now: Int64) -> Int64 {
        guard condition == .open else { return 0 }
        openedAt = min(openedAt, now)
        return max(0, backOff - (now - openedAt))
    }

    /// Notes that an allowed call succeeded.
    mutating func succeed() -> Change? {
        failures = 0
        // A call that was allowed before the breaker opened proves nothing about now.
        guard condition == .halfOpen else { return nil }
        condition = .closed
        backOff = initialBackOff
        return .closed
    }

    /// Notes that an allowed call failed.
    mutating func fail(now: Int64) -> Change? {
        switch condition {
        case .open:
            return nil
        case .closed:
            failures += 1
            guard failures >= threshold else { return nil }
        case .halfOpen:
            backOff = min(maximumBackOff, backOff * 2)
            condition = .open
            openedAt = now
            return .reopened(milliseconds: backOff)
        }
        condition = .open
        openedAt = now
        return .opened(milliseconds: backOff)
    }

    /// Notes that an allowed call ended without telling anything about the store.
    mutating func abandon(now: Int64) {
        guard condition == .halfOpen else { return }
        condition = .open
        openedAt = now - backOff
    }
}
