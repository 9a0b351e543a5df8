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
        // The digits come from the last to the first.
        let start = line.count
        var rest = magnitude
        var digits = 0
        repeat {
            line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
            digits += 1
        } while rest > 0 || digits < width
        for offset in 0..<digits / 2 {
            line.swapAt(start + offset, start + digits - 1 - offset)
        }
    }
}
