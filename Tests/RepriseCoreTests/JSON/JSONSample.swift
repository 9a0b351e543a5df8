/// A JSON value by its meaning: two samples are equal if and only if they mean the same.
enum JSONSample: Hashable {
    case null
    case bool(Bool)
    case number(Decimal)
    case string([Unicode.Scalar])
    case array([JSONSample])
    case object([[Unicode.Scalar]: JSONSample])

    /// A number as sign, digits without zeros around them (none for zero), and power of ten.
    struct Decimal: Hashable {
        var isNegative: Bool
        var digits: [Int]
        var exponent: Int

        /// Makes a number; zeros around the digits are moved into the exponent.
        init(isNegative: Bool, digits: [Int], exponent: Int) {
            let significant = digits.drop { $0 == 0 }
            let zeros = significant.reversed().prefix { $0 == 0 }.count
            self.isNegative = isNegative
            self.digits = Array(significant.dropLast(zeros))
            self.exponent = self.digits.isEmpty ? 0 : exponent + zeros
        }

        /// The canonical form.
        var canonical: String {
            let sign = isNegative ? "-" : ""
            let digits = digits.isEmpty ? "0" : digits.map(String.init).joined()
            let point = digits.count + exponent
            if exponent == 0 { return sign + digits }
            guard -5...21 ~= point else { return sign + digits + "e\(exponent)" }
            if exponent > 0 { return sign + digits + String(repeating: "0", count: exponent) }
            if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
            return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        }
    }

    /// The canonical form, by the shortest program that gives it.
    var canonical: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let number): number.canonical
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.canonical).joined(separator: ",") + "]"
        case .object(let members):
            // The order of scalar values is that of UTF-8 bytes.
            "{"
                + members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { Self.quoted($0.key) + ":" + $0.value.canonical }
                .joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: [Unicode.Scalar]) -> String {
        var output = "\""
        for scalar in text {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\u{08}": output += "\\b"
            case "\t": output += "\\t"
            case "\n": output += "\\n"
            case "\u{0C}": output += "\\f"
            case "\r": output += "\\r"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}
