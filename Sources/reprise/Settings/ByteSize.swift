/// The notation of sizes: `256MB`, `8MiB`, `1.5GB` or a number of bytes.
///
/// `KB`, `MB`, `GB` and `TB` are powers of 1,000 as SI has them, with or without the `B`; `KiB`,
/// `MiB`, `GiB` and `TiB` are powers of 1,024 (IEC 80000-13). Case does not matter, and a space
/// may stand before the unit.
enum ByteSize {
    /// Reads a size.
    ///
    /// - Parameters:
    ///   - text: Digits, optionally a decimal fraction, optionally a unit.
    ///   - bounds: The sizes allowed, in bytes.
    ///   - example: The size that a message suggests.
    /// - Returns: Bytes, exact: a fraction must come out as whole bytes.
    /// - Throws: ``ValueFlaw`` when `text` is not a size, or one out of bounds.
    static func parse(
        _ text: String, in bounds: ClosedRange<Int64>, example: String
    ) throws(ValueFlaw) -> Int64 {
        guard let (digits, rest) = number(text), let factor = factor(of: rest) else {
            throw ValueFlaw("is not a size; write \(example)")
        }
        guard let bytes = bytes(digits, factor: factor) else {
            throw ValueFlaw("is not a whole number of bytes below 8 EiB; write \(example)")
        }
        if bytes > bounds.upperBound {
            throw ValueFlaw("is too large; write at most \(Self.text(bounds.upperBound))")
        }
        if bytes < bounds.lowerBound {
            throw ValueFlaw("is too small; write at least \(Self.text(bounds.lowerBound))")
        }
        return bytes
    }

    private struct Decimal {
        var whole: Substring
        var fraction: Substring
    }

    private static func number(_ text: String) -> (Decimal, unit: Substring)? {
        let whole = text.prefix(while: isDigit)
        var rest = text[whole.endIndex...]
        var fraction: Substring = ""
        if rest.hasPrefix(".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest[fraction.endIndex...]
            if fraction.isEmpty { return nil }
        }
        if whole.isEmpty { return nil }
        if rest.hasPrefix(" ") {
            rest = rest.dropFirst()
            if rest.isEmpty { return nil }
        }
        return (Decimal(whole: whole, fraction: fraction), rest)
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character)
    }

    private static func factor(of unit: Substring) -> Int64? {
        switch unit.lowercased() {
        case "", "b": 1
        case "k", "kb": 1_000
        case "m", "mb": 1_000_000
        case "g", "gb": 1_000_000_000
        case "t", "tb": 1_000_000_000_000
        case "kib": 1 << 10
        case "mib": 1 << 20
        case "gib": 1 << 30
        case "tib": 1 << 40
        default: nil
        }
    }

    private static func bytes(_ number: Decimal, factor: Int64) -> Int64? {
        guard let whole = Int64(number.whole) else { return nil }
        let (product, overflows) = whole.multipliedReportingOverflow(by: factor)
        if overflows { return nil }
        let digits = number.fraction.reversed().drop { $0 == "0" }.reversed()
        guard digits.count <= 18 else { return nil }
        guard !digits.isEmpty else { return product }
        guard let numerator = Int64(String(digits)) else { return nil }
        let denominator = digits.reduce(Int64(1)) { power, _ in power * 10 }
        let part = numerator.multipliedFullWidth(by: factor)
        let (quotient, remainder) = denominator.dividingFullWidth(part)
        if remainder != 0 { return nil }
        let (sum, carries) = product.addingReportingOverflow(quotient)
        return carries ? nil : sum
    }

    /// The shortest notation of a size that is exact.
    static func text(_ bytes: Int64) -> String {
        for (unit, factor) in units where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }

    private static let units: [(unit: String, factor: Int64)] = [
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("GiB", 1 << 30),
        ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]
}
