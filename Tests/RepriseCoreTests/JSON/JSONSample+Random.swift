extension JSONSample {
    /// A random value with at most `depth` levels of containers.
    ///
    /// Names and values come from small stocks, so that members are alike and long names begin alike.
    static func random(depth: Int, from source: inout SeededSource) -> JSONSample {
        switch source.pick(depth > 0 ? 0...9 : 0...5) {
        case 0: .null
        case 1: .bool(source.once(in: 2))
        case 2, 3: .number(.random(from: &source))
        case 4, 5: .string(text(from: &source))
        case 6, 7:
            .array(
                (0..<source.pick(0...5)).map { _ in random(depth: depth - 1, from: &source) })
        default: object(depth: depth, from: &source)
        }
    }

    /// A random object with at most `depth` levels of containers, itself included.
    static func object(depth: Int, from source: inout SeededSource) -> JSONSample {
        var members: [[Unicode.Scalar]: JSONSample] = [:]
        for _ in 0..<source.pick(source.once(in: 10) ? 10...30 : 0...6) {
            members[text(from: &source)] = random(depth: depth - 1, from: &source)
        }
        return .object(members)
    }

    private static func text(from source: inout SeededSource) -> [Unicode.Scalar] {
        let beginnings = ["", "", "a", "max_tokens", "a beginning of more than sixteen bytes "]
        var text = Array(source.pick(beginnings).unicodeScalars)
        for _ in 0..<source.pick(0...6) {
            text.append(source.pick(scalars))
        }
        return text
    }

    // The first and last values of each length in UTF-8 and UTF-16, and all that has an escape.
    private static let scalars: [Unicode.Scalar] = [
        "\0", "\u{01}", "\u{08}", "\t", "\n", "\u{0B}", "\u{0C}", "\r", "\u{1F}", " ", "\"", "/",
        "\\", "A", "a", "b", "u", "~", "\u{7F}", "\u{80}", "\u{E9}", "\u{301}", "\u{7FF}",
        "\u{800}", "\u{2028}", "\u{4E2D}", "\u{D7FF}", "\u{E000}", "\u{FEFF}", "\u{FFFF}",
        "\u{10000}", "\u{1F600}", "\u{10FFFF}",
    ]
}

extension JSONSample.Decimal {
    /// A random number, often a small one.
    static func random(from source: inout SeededSource) -> JSONSample.Decimal {
        JSONSample.Decimal(
            isNegative: source.once(in: 3),
            digits: (0..<source.pick(source.once(in: 5) ? 15...30 : 0...3)).map { _ in
                source.pick(0...9)
            },
            exponent: source.pick(source.once(in: 5) ? -1_000_000_000...1_000_000_000 : -5...5))
    }
}
