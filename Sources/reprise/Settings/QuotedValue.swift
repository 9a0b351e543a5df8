/// A setting's value as an error message may show it: quoted, short, on one line, no credential.
struct QuotedValue: CustomStringConvertible {
    /// The value in double quotes.
    let description: String

    /// Quotes `text`.
    ///
    /// What stands before `@`, and in a URL behind `?` or `#`, is left out, since keys stand there;
    /// control characters are escaped; of a long text, the first 80 characters are shown.
    init(_ text: String) {
        var shown = Self.withoutSecrets(text)
        if shown.count > 80 {
            shown = shown.prefix(80) + "..."
        }
        description = "\"" + Self.onOneLine(shown) + "\""
    }

    /// A text that holds no secret, such as a path, with control characters escaped.
    static func onOneLine(_ text: String) -> String {
        text.unicodeScalars.map(escaped).joined()
    }

    private static func withoutSecrets(_ text: String) -> String {
        var redacted = ""
        var rest = text[...]
        let separator = text.firstRange(of: "://")
        if let separator {
            redacted = String(text[..<separator.upperBound])
            rest = text[separator.upperBound...]
        }
        if let at = rest.lastIndex(of: "@") {
            redacted += "..."
            rest = rest[at...]
        }
        if separator != nil, let mark = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            return redacted + rest[...mark] + "..."
        }
        return redacted + rest
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            scalar.escaped(asASCII: true)
        default: String(scalar)
        }
    }
}
