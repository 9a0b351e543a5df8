/// A JSON number as an exact decimal: a sign, digits without zeros around them, a power of ten.
///
/// The digits stay where they are in the text; nothing is computed with floating point, and nothing
/// grows with the size of the exponent.
///
/// The canonical form is laid out as ECMA-262 does it (Number::toString, §6.1.6.1.20), so that most
/// numbers are canonical as clients write them. With n digits and the exponent e, the point stands
/// behind n + e digits:
///
/// | digits before the point | form | example |
/// | --- | --- | --- |
/// | 1 to 21, and e ≥ 0 | the digits, e zeros | `1200` |
/// | 1 to 21, and e < 0 | the digits, the point among them | `1.25` |
/// | 0 to -5 | `0.`, as many zeros, the digits | `0.0012` |
/// | others | the digits, `e` and e unless that is zero | `12e-7` |
///
/// Unlike there, all digits are kept, and none is set before the point in the last form.
struct JSONDecimal {
    private let isNegative: Bool
    // From the first digit that is not zero to the last one, the decimal point perhaps among them;
    // empty for zero.
    private let digits: Range<Int>
    private let exponent: Int64

    /// How many digits may stand before the point, zeros behind them included, without an exponent.
    static let mostIntegerDigits = 21
    /// How many zeros may stand between the point and the first digit without an exponent.
    static let mostLeadingZeros = 5

    /// Takes a number apart.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - range: A number token's range in it.
    /// - Returns: Nil when the exponent has more than 18 digits after its leading zeros: then the
    ///   place of the digits could not be computed exactly. Zero has no such limit.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var position = range.lowerBound
        isNegative = position < range.upperBound && bytes[position] == UInt8(ascii: "-")
        if isNegative {
            position += 1
        }
        var point: Int?
        var first: Int?
        var last = position
        while position < range.upperBound, bytes[position] | 0x20 != UInt8(ascii: "e") {
            if bytes[position] == UInt8(ascii: ".") {
                point = position
            } else if bytes[position] != UInt8(ascii: "0") {
                first = first ?? position
                last = position
            }
            position += 1
        }
        guard let first else {
            digits = last..<last
            exponent = 0
            return
        }
        digits = first..<last + 1
        let unit = point ?? position
        let places = last < unit ? unit - last - 1 : unit - last
        guard let written = Self.exponent(bytes, position..<range.upperBound) else { return nil }
        exponent = written + Int64(places)
    }

    /// Reads what stands from the `e` on, nothing at all included.
    private static func exponent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard !range.isEmpty else { return 0 }
        var isNegative = false
        var magnitude: Int64 = 0
        for position in range.dropFirst() {
            let byte = bytes[position]
            if JSONScan.isDigit(byte) {
                guard magnitude < 100_000_000_000_000_000 else { return nil }
                magnitude = magnitude * 10 + Int64(byte - 0x30)
            } else {
                isNegative = byte == UInt8(ascii: "-")
            }
        }
        return isNegative ? -magnitude : magnitude
    }

    /// Appends the canonical form.
    ///
    /// Zero keeps its sign: `-0` and `0` are told apart by some languages, and a false miss is
    /// cheaper than a false hit.
    ///
    /// - Parameters:
    ///   - bytes: The text that the number was taken from.
    ///   - output: What the form is appended to.
    func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        if isNegative {
            output.append(UInt8(ascii: "-"))
        }
        guard !digits.isEmpty else {
            output.append(UInt8(ascii: "0"))
            return
        }
        let count = digits.reduce(0) { bytes[$1] == UInt8(ascii: ".") ? $0 : $0 + 1 }
        let point = exponent + Int64(count)
        switch point {
        case 1...Int64(Self.mostIntegerDigits):
            appendDigits(bytes, pointAfter: Int(point), to: &output)
            for _ in 0..<max(exponent, 0) {
                output.append(UInt8(ascii: "0"))
            }
        case -Int64(Self.mostLeadingZeros)...0:
            output.append(UInt8(ascii: "0"))
            output.append(UInt8(ascii: "."))
            for _ in 0..<(-point) {
                output.append(UInt8(ascii: "0"))
            }
            appendDigits(bytes, pointAfter: nil, to: &output)
        default:
            appendDigits(bytes, pointAfter: nil, to: &output)
            if exponent != 0 {
                output.append(UInt8(ascii: "e"))
                Self.append(exponent, to: &output)
            }
        }
    }

    /// Appends the digits with a point after some of them, without one when none would follow it.
    private func appendDigits(
        _ bytes: Span<UInt8>, pointAfter integerDigits: Int?, to output: inout [UInt8]
    ) {
        var count = 0
        for position in digits where bytes[position] != UInt8(ascii: ".") {
            if count == integerDigits {
                output.append(UInt8(ascii: "."))
            }
            output.append(bytes[position])
            count += 1
        }
    }

    private static func append(_ value: Int64, to output: inout [UInt8]) {
        if value < 0 {
            output.append(UInt8(ascii: "-"))
        }
        var power: UInt64 = 1
        while value.magnitude / power >= 10 {
            power *= 10
        }
        while power > 0 {
            output.append(0x30 + UInt8(truncatingIfNeeded: value.magnitude / power % 10))
            power /= 10
        }
    }

    /// The value as an integer; nil when it is not one or does not fit in 64 bits.
    ///
    /// - Parameter bytes: The text that the number was taken from.
    func integer(_ bytes: Span<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return 0 }
        guard exponent >= 0 else { return nil }
        var value: Int64 = 0
        // Counted downwards, since Int64.min has no positive counterpart.
        func shift(adding digit: UInt8) -> Bool {
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflows) = product.subtractingReportingOverflow(Int64(digit))
            value = difference
            return !overflows && !underflows
        }
        for position in digits where bytes[position] != UInt8(ascii: ".") {
            guard shift(adding: bytes[position] - 0x30) else { return nil }
        }
        var zeros = exponent
        while zeros > 0 {
            guard shift(adding: 0) else { return nil }
            zeros -= 1
        }
        guard !isNegative else { return value }
        return value == .min ? nil : -value
    }
}
