/// The date as `Date` carries it: an IMF-fixdate (RFC 9110 §5.6.7), made once a second.
struct HTTPDate {
    private var second = Int64.min
    private var text: [UInt8] = []

    /// The date of a moment, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Parameter milliseconds: Since the epoch.
    mutating func bytes(at milliseconds: Int64) -> [UInt8] {
        let now = milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000)
        if now != second {
            second = now
            text = Array(Self.text(of: now).utf8)
        }
        return text
    }

    /// A date as text.
    ///
    /// - Parameter second: Seconds since the epoch, in the years from 0 to 9999.
    static func text(of second: Int64) -> String {
        let range = -62_167_219_200...253_402_300_799
        let second = min(max(second, Int64(range.lowerBound)), Int64(range.upperBound))
        let days = second >= 0 ? second / 86_400 : -((86_399 - second) / 86_400)
        let time = second - days * 86_400
        let (year, month, day) = civil(days)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let weekday = weekdays[Int(((days % 7) + 7) % 7)]
        let clock = [time / 3600, time / 60 % 60, time % 60].map { padded($0, 2) }
        return "\(weekday), \(padded(day, 2)) \(months[Int(month) - 1]) \(padded(year, 4)) "
            + "\(clock.joined(separator: ":")) GMT"
    }

    /// The date of a day by the Gregorian calendar, after Howard Hinnant's `civil_from_days`.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
