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
    }

    /// The canonical form, by the shortest program that gives it.
    var canonical: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let number):
            (number.isNegative ? "-" : "")
                + (number.digits.isEmpty ? "0" : number.digits.map(String.init).joined())
                + (number.exponent == 0 ? "" : "e\(number.exponent)")
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
