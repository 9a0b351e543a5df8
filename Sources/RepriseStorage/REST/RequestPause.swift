/// How long an API that limited the rate of requests is to be left alone, as a state machine
/// without I/O.
///
/// Times are milliseconds of a clock that the caller reads. Should that clock step back, the pause
/// ends no later than its length after the time it stepped back to.
struct RequestPause: Equatable {
    /// The longest pause in milliseconds: the window of Cloudflare's limit, five minutes
    /// (developers.cloudflare.com/fundamentals/api/reference/limits).
    static let maximum: Int64 = 300_000
    /// The pause when the API names none, in milliseconds.
    static let standard: Int64 = 1000

    private var beganAt: Int64 = 0
    private var length: Int64 = 0

    /// Begins a pause, unless a longer one is under way.
    mutating func begin(milliseconds: Int64, now: Int64) {
        guard milliseconds > self.milliseconds(now: now) else { return }
        beganAt = now
        length = min(milliseconds, Self.maximum)
    }

    /// What is left of the pause; 0 when requests are welcome.
    mutating func milliseconds(now: Int64) -> Int64 {
        beganAt = min(beganAt, now)
        return max(0, length - (now - beganAt))
    }

    /// How long a `Retry-After` field asks to wait (RFC 9110 §10.2.3), in milliseconds.
    ///
    /// - Parameter field: The field's value; nil without the field. A date counts as none, for the
    ///   two APIs here send seconds.
    static func wait(retryAfter field: String?) -> Int64 {
        guard let field, let seconds = Int64(field), seconds > 0 else { return standard }
        return min(seconds, maximum / 1000) * 1000
    }
}
