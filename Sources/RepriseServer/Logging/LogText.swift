/// Texts made safe to stand in a log line.
///
/// Escaped as JSON escapes (RFC 8259 §7) are all control and format characters and the Unicode line
/// ends: they could begin a line, move a terminal's cursor or reorder what is read.
enum LogText {
    /// The most characters (Unicode scalars) of one text that are written; then comes `...`.
    static let limit = 4_096

    /// Whether `text` cannot stand behind `key=` as it is.
    static func needsQuotes(_ text: String) -> Bool {
        text.isEmpty || text.utf8.count > limit
            || text.unicodeScalars.contains {
                $0 == " " || $0 == "\"" || $0 == "=" || $0 == "\\" || isUnsafe($0)
                    || $0.properties.isWhitespace
            }
    }

    /// Appends `text` as a JSON string.
    static func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        appendEscaped(text, escapesQuotes: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// Appends `text` with what is unsafe in it escaped.
    ///
    /// - Parameter escapesQuotes: Whether `"` is escaped too. A backslash always is, or an
    ///   escape could be forged.
    static func appendEscaped(_ text: String, escapesQuotes: Bool, to line: inout [UInt8]) {
        var room = limit
        for scalar in text.unicodeScalars {
            if room == 0 {
                line += "...".utf8
                return
            }
            room -= 1
            switch scalar {
            case "\n": line += "\\n".utf8
            case "\r": line += "\\r".utf8
            case "\t": line += "\\t".utf8
            case "\\": line += "\\\\".utf8
            case "\"" where escapesQuotes: line += "\\\"".utf8
            case _ where isUnsafe(scalar): appendCode(scalar, to: &line)
            default: line += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// Appends `\uXXXX`, twice for a scalar beyond the basic plane (a surrogate pair).
    private static func appendCode(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            line += "\\u".utf8
            line += String(repeating: "0", count: 4 - digits.utf8.count).utf8
            line += digits.utf8
        }
    }
}
