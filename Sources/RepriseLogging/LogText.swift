/// Texts made safe to stand in a log line.
///
/// Escaped as JSON escapes (RFC 8259 §7) are all control and format characters and the Unicode line
/// ends: they could begin a line, move a terminal's cursor or reorder what is read.
enum LogText {
    /// The most characters (Unicode scalars) of one text that are written; then comes `...`.
    static let limit = 4_096

    /// Appends a value as it stands behind `name=`: quoted only where it must be.
    static func appendBare(_ text: String, to line: inout [UInt8]) {
        if appendPlain(text, to: &line) { return }
        if needsQuotes(text) {
            appendQuoted(text, to: &line)
        } else {
            line.append(contentsOf: text.utf8)
        }
    }

    /// Appends `text` as a JSON string.
    static func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        if !appendPlain(text, to: &line) {
            appendEscaped(text, escapesQuotes: true, to: &line)
        }
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

    /// Appends a name of a field, or a message, which the program itself holds.
    ///
    /// - Returns: Whether it is plain; otherwise nothing was appended.
    static func appendPlain(_ text: StaticString, to line: inout [UInt8]) -> Bool {
        text.withUTF8Buffer { bytes in
            guard isPlain(bytes) else { return false }
            line.append(contentsOf: bytes)
            return true
        }
    }

    /// Appends a text if it is plain.
    private static func appendPlain(_ text: String, to line: inout [UInt8]) -> Bool {
        let isAppended = text.utf8.withContiguousStorageIfAvailable { bytes in
            guard isPlain(bytes) else { return false }
            line.append(contentsOf: bytes)
            return true
        }
        return isAppended ?? false
    }

    /// Whether a text is short, not empty, and of visible ASCII that means nothing in either format:
    /// nearly every one is.
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= limit else { return false }
        for byte in bytes {
            guard 0x21...0x7E ~= byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "="),
                byte != UInt8(ascii: "\\")
            else { return false }
        }
        return true
    }

    /// Whether `text` cannot stand behind `name=` as it is.
    private static func needsQuotes(_ text: String) -> Bool {
        text.isEmpty || text.utf8.count > limit
            || text.unicodeScalars.contains {
                $0 == " " || $0 == "\"" || $0 == "=" || $0 == "\\" || isUnsafe($0)
                    || $0.properties.isWhitespace
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
