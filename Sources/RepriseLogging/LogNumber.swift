/// Whole numbers as decimal digits.
enum LogNumber {
    /// Appends a number with at least so many digits, zeros in front.
    static func append(_ number: Int64, width: Int = 1, to line: inout [UInt8]) {
        if number < 0 { line.append(UInt8(ascii: "-")) }
        append(magnitude: number.magnitude, width: width, to: &line)
    }

    /// Appends nanoseconds as milliseconds with three digits behind the point, rounded.
    static func append(millisecondsOf nanoseconds: Int64, to line: inout [UInt8]) {
        let magnitude = nanoseconds.magnitude
        let microseconds = magnitude / 1_000 + (magnitude % 1_000 >= 500 ? 1 : 0)
        if nanoseconds < 0, microseconds > 0 { line.append(UInt8(ascii: "-")) }
        append(magnitude: microseconds / 1_000, width: 1, to: &line)
        line.append(UInt8(ascii: "."))
        append(magnitude: microseconds % 1_000, width: 3, to: &line)
    }

    private static func append(magnitude: UInt64, width: Int, to line: inout [UInt8]) {
        var digits = 1
        var divisor: UInt64 = 1
        while digits < width || magnitude / divisor >= 10 {
            digits += 1
            divisor *= 10
        }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude / divisor % 10))
            divisor /= 10
        }
    }
}
