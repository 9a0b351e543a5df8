/// The notation of durations: `90s`, `10m`, `24h`, `7d`, `500ms` or a number of seconds.
enum DurationNotation {
    /// Reads a duration.
    ///
    /// - Parameters:
    ///   - text: Digits, optionally a unit in lower case.
    ///   - minimum: The shortest one allowed.
    /// - Returns: At most 100 years, so that no arithmetic on it overflows.
    /// - Throws: ``ValueFlaw`` when `text` is not a duration, or one out of bounds.
    static func parse(_ text: String, minimum: Duration) throws(ValueFlaw) -> Duration {
        let milliseconds = try milliseconds(text, alternatives: "500ms, 30s, 10m or 24h")
        let duration = Duration.milliseconds(milliseconds)
        if duration < minimum {
            throw ValueFlaw("is too short; write at least 1ms")
        }
        return duration
    }

    /// Reads a duration in whole seconds, or `none`.
    ///
    /// - Returns: Seconds, at least 1 and at most 100 years; nil for `none`.
    /// - Throws: ``ValueFlaw`` when `text` is neither, or out of bounds.
    static func parseSeconds(_ text: String) throws(ValueFlaw) -> Int64? {
        if text == "none" { return nil }
        let milliseconds = try milliseconds(text, alternatives: "90s, 10m, 24h, 7d or none")
        if milliseconds % 1_000 != 0 {
            throw ValueFlaw("is not whole seconds; write 90s, 10m, 24h, 7d or none")
        }
        if milliseconds == 0 {
            throw ValueFlaw("is too short; write at least 1s, or none")
        }
        return milliseconds / 1_000
    }

    /// The shortest notation of a duration of whole milliseconds.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "0s" }
        for (unit, factor) in units where milliseconds % factor == 0 {
            return "\(milliseconds / factor)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    private static let units: [(unit: String, factor: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ]

    private static let maximum: Int64 = 100 * 365 * 86_400_000

    private static func milliseconds(
        _ text: String, alternatives: String
    ) throws(ValueFlaw) -> Int64 {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let factor: Int64? =
            switch text[digits.endIndex...] {
            case "ms": 1
            case "", "s": 1_000
            case "m": 60_000
            case "h": 3_600_000
            case "d": 86_400_000
            default: nil
            }
        guard let factor, !digits.isEmpty else {
            throw ValueFlaw("is not a duration; write \(alternatives)")
        }
        guard let count = Int64(digits), count <= maximum / factor else {
            throw ValueFlaw("is too long; write at most 36500d")
        }
        return count * factor
    }
}
