/// Whether a stored response may be served, by age (RFC 9111 §4.2, RFC 5861 §4).
///
/// Times are milliseconds since the Unix epoch, lifetimes and ages are seconds. Arithmetic saturates,
/// so that no stored number can trap.
public enum Freshness {
    /// What the age of a stored response allows.
    public enum Verdict: Equatable, Sendable {
        /// It is fresh, for `ttl` more seconds; nil when it has no limit.
        case fresh(ttl: Int64?)
        /// It is stale since `-ttl` seconds, at least one, and the request's `max-stale` accepts that.
        case stale(ttl: Int64)
        /// It must not be served without asking the upstream.
        case unusable(ForwardReason)
    }

    /// How many seconds an expired response is kept, for `max-stale` and `stale-if-error`.
    public static let staleRetention: Int64 = 86_400

    /// Judges a stored response for a request.
    ///
    /// `max-age` bounds the age whatever `max-stale` accepts, and 0 accepts nothing stored.
    /// Whether the lookup is skipped at all is ``Directives/skipsLookup``, which is not asked here.
    ///
    /// - Parameters:
    ///   - storedAt: When the response was stored.
    ///   - ttl: Its freshness lifetime; nil when it has no limit.
    ///   - directives: What the request asks for.
    ///   - now: The time.
    public static func judge(
        storedAt: Int64, ttl: Int64?, directives: Directives, now: Int64
    ) -> Verdict {
        let age = ageInMilliseconds(storedAt: storedAt, now: now)
        let left = ttl.map { milliseconds($0) - age }
        if let left, left <= 0 {
            guard let maxStale = directives.maxStale else { return .unusable(.stale) }
            if case .seconds(let limit) = maxStale, -left > milliseconds(limit) {
                return .unusable(.stale)
            }
        }
        if let maxAge = directives.maxAge, maxAge == 0 || age > milliseconds(maxAge) {
            return .unusable(.request)
        }
        guard let left else { return .fresh(ttl: nil) }
        if left <= 0 { return .stale(ttl: negativeSeconds(left)) }
        if let minFresh = directives.minFresh, left < milliseconds(minFresh) {
            return .unusable(.request)
        }
        return .fresh(ttl: left / 1000)
    }

    /// Tells whether a stored response may stand in for an error of the upstream (RFC 5861 §4).
    ///
    /// The freshness lifetime is the shorter one of the entry's and the request's `max-age`.
    /// A request that skips the lookup gets the error, because it refused stored responses.
    ///
    /// - Parameters:
    ///   - storedAt: When the response was stored.
    ///   - ttl: Its freshness lifetime; nil when it has no limit.
    ///   - directives: What the request asks for.
    ///   - now: The time.
    /// - Returns: The `ttl` for `Cache-Status`, negative when stale; nil when it may not be served.
    public static func allowsStaleIfError(
        storedAt: Int64, ttl: Int64?, directives: Directives, now: Int64
    ) -> Int64? {
        guard let limit = directives.staleIfError, !directives.skipsLookup,
            !directives.bypassesCache
        else { return nil }
        let lifetime = min(ttl ?? .max, directives.maxAge ?? .max)
        let left = milliseconds(lifetime) - ageInMilliseconds(storedAt: storedAt, now: now)
        if left > 0 { return left / 1000 }
        return -left <= milliseconds(limit) ? negativeSeconds(left) : nil
    }

    /// Tells whether a status is an error that `stale-if-error` covers (RFC 5861 §4).
    public static func isServerError(status: Int32) -> Bool {
        status == 500 || 502...504 ~= status
    }

    /// The `Age` of a stored response (RFC 9111 §5.1).
    ///
    /// - Returns: Whole seconds; 0 when the clock has stepped back behind `storedAt`.
    public static func age(storedAt: Int64, now: Int64) -> Int64 {
        ageInMilliseconds(storedAt: storedAt, now: now) / 1000
    }

    /// Until when a stored response is of any use.
    ///
    /// - Returns: Milliseconds since the epoch; nil when the response has no limit.
    public static func retainedUntil(storedAt: Int64, ttl: Int64?) -> Int64? {
        guard let ttl else { return nil }
        let kept = milliseconds(ttl) + staleRetention * 1000
        let (sum, overflow) = storedAt.addingReportingOverflow(kept)
        return overflow ? .max : sum
    }

    /// Milliseconds, kept within a quarter of the range so that sums and differences cannot overflow.
    private static func milliseconds(_ seconds: Int64) -> Int64 {
        let limit = Int64.max / 4
        return seconds > limit / 1000 ? limit : max(0, seconds) * 1000
    }

    private static func ageInMilliseconds(storedAt: Int64, now: Int64) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(storedAt)
        if overflow { return now > storedAt ? .max / 4 : 0 }
        return min(max(0, age), .max / 4)
    }

    /// Seconds rounded away from zero, so that a stale response never seems to have 0 seconds left.
    private static func negativeSeconds(_ milliseconds: Int64) -> Int64 {
        min(-1, (milliseconds - 999) / 1000)
    }
}
