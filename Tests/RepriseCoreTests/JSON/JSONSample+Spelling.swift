extension JSONSample {
    /// A random document that means the value: members in any order, any white space, any escapes,
    /// any spelling of the numbers.
    func spelling(from source: inout SeededSource) -> String {
        let value: String
        switch self {
        case .null, .bool: value = canonical
        case .number(let number): value = number.spelling(from: &source)
        case .string(let text): value = Self.spelling(of: text, from: &source)
        case .array(let elements):
            let spelt = elements.map { $0.spelling(from: &source) }
            value = "[" + Self.list(spelt, from: &source) + "]"
        case .object(let members):
            // Sorted first, since a dictionary's own order differs from run to run.
            let order = members.keys.sorted { $0.lexicographicallyPrecedes($1) }
                .shuffled(using: &source)
            let spelt = order.map { name in
                Self.space(from: &source) + Self.spelling(of: name, from: &source)
                    + Self.space(from: &source) + ":"
                    + (members[name] ?? .null).spelling(from: &source)
            }
            value = "{" + Self.list(spelt, from: &source) + "}"
        }
        return Self.space(from: &source) + value + Self.space(from: &source)
    }

    private static func list(_ items: [String], from source: inout SeededSource) -> String {
        items.isEmpty ? space(from: &source) : items.joined(separator: ",")
    }

    private static func space(from source: inout SeededSource) -> String {
        guard source.once(in: 3) else { return "" }
        return (0..<source.pick(1...3)).map { _ in source.pick([" ", "\n", "\r", "\t"]) }.joined()
    }

    private static func spelling(
        of text: [Unicode.Scalar], from source: inout SeededSource
    ) -> String {
        let escapesMuch = source.once(in: 3)
        let units = text.map { scalar -> String in
            var ways: [String] = []
            if let letter = shortEscapes[scalar] { ways.append("\\" + letter) }
            let mayBeRaw = scalar >= " " && scalar != "\"" && scalar != "\\"
            if mayBeRaw { ways.append(String(scalar)) }
            if !mayBeRaw || escapesMuch {
                ways.append(
                    String(scalar).utf16.map { escape($0, from: &source) }.joined())
            }
            return source.pick(ways)
        }
        return "\"" + units.joined() + "\""
    }

    private static let shortEscapes: [Unicode.Scalar: String] = [
        "\"": "\"", "\\": "\\", "/": "/", "\u{08}": "b", "\u{0C}": "f", "\n": "n", "\r": "r",
        "\t": "t",
    ]

    private static func escape(_ unit: UInt16, from source: inout SeededSource) -> String {
        let digits = String(unit, radix: 16, uppercase: source.once(in: 2))
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension JSONSample.Decimal {
    /// A random spelling of the number.
    func spelling(from source: inout SeededSource) -> String {
        var digits = self.digits.map(String.init)
        var exponent = self.exponent
        if digits.isEmpty {
            digits = ["0"]
            exponent = source.pick(-9...9)
        }
        func zeros(_ count: Int) -> [String] { Array(repeating: "0", count: count) }
        let trailing = source.once(in: 2) ? source.pick(1...4) : 0
        digits += zeros(trailing)
        exponent -= trailing
        // Moving the point to the left of the last `places` digits lowers the power of each by that.
        let places = source.once(in: 2) ? source.pick(1...digits.count + 3) : 0
        exponent += places
        digits = zeros(max(0, places + 1 - digits.count)) + digits
        var integer = digits.dropLast(places).joined()
        if integer.count > 1, integer.hasPrefix("0") {
            integer = String(integer.drop { $0 == "0" })
            integer = integer.isEmpty ? "0" : integer
        }
        let fraction = places > 0 ? "." + digits.suffix(places).joined() : ""
        return (isNegative ? "-" : "") + integer + fraction + suffix(exponent, from: &source)
    }

    private func suffix(_ exponent: Int, from source: inout SeededSource) -> String {
        if exponent == 0, source.once(in: 2) { return "" }
        let sign = exponent < 0 ? "-" : source.pick(["", "+"])
        return source.pick(["e", "E"]) + sign
            + String(repeating: "0", count: source.pick(0...2)) + String(exponent.magnitude)
    }
}
