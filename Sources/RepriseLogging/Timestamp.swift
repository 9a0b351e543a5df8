/// A moment as RFC 3339 writes it, in UTC with milliseconds: `2026-01-01T00:00:00.000Z`.
struct Timestamp {
    /// Milliseconds since 1970-01-01T00:00:00Z; may be negative.
    let milliseconds: Int64

    /// Appends the moment in RFC 3339 §5.6's notation; beyond the year 9999 the year has more digits.
    func append(to line: inout [UInt8]) {
        let days = Self.quotient(milliseconds, by: 86_400_000)
        let time = milliseconds - days * 86_400_000
        let (year, month, day) = Self.date(daysSinceEpoch: days)
        LogNumber.append(year, width: 4, to: &line)
        Self.append("-", month, 2, to: &line)
        Self.append("-", day, 2, to: &line)
        Self.append("T", time / 3_600_000, 2, to: &line)
        Self.append(":", time / 60_000 % 60, 2, to: &line)
        Self.append(":", time / 1_000 % 60, 2, to: &line)
        Self.append(".", time % 1_000, 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func append(
        _ separator: Unicode.Scalar, _ number: Int64, _ width: Int, to line: inout [UInt8]
    ) {
        line.append(UInt8(ascii: separator))
        LogNumber.append(number, width: width, to: &line)
    }

    /// The Gregorian date: `civil_from_days` of Howard Hinnant's "chrono-Compatible Low-Level Date
    /// Algorithms", which counts years from March so that the leap day comes last.
    private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = quotient(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// The quotient rounded down, where Swift's own rounds towards zero.
    private static func quotient(_ dividend: Int64, by divisor: Int64) -> Int64 {
        dividend / divisor - (dividend % divisor < 0 ? 1 : 0)
    }
}
