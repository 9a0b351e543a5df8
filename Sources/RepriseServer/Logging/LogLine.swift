import Logging

/// One message, ready to be written.
struct LogLine {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    let time: Int64
    /// How severe it is.
    let level: Logger.Level
    /// What happened.
    let message: String
    /// The details, sorted by key.
    let fields: [LogField]

    /// The line for people, with its line feed.
    var text: [UInt8] {
        var line = Array("\(Timestamp(milliseconds: time)) \(level.rawValue) ".utf8)
        LogText.appendEscaped(message, escapesQuotes: false, to: &line)
        for field in fields {
            line.append(UInt8(ascii: " "))
            appendBare(field.key, to: &line)
            line.append(UInt8(ascii: "="))
            appendText(field.value, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// The line as a JSON object, with its line feed.
    var json: [UInt8] {
        var line = Array("{\"time\":\"\(Timestamp(milliseconds: time))\"".utf8)
        line += ",\"level\":\"\(level.rawValue)\",\"message\":".utf8
        LogText.appendQuoted(message, to: &line)
        for field in fields {
            line.append(UInt8(ascii: ","))
            let isTaken = ["time", "level", "message"].contains(field.key)
            LogText.appendQuoted(isTaken ? "_" + field.key : field.key, to: &line)
            line.append(UInt8(ascii: ":"))
            appendJSON(field.value, to: &line)
        }
        line += "}\n".utf8
        return line
    }

    private func appendText(_ value: LogField.Value, to line: inout [UInt8]) {
        switch value {
        case .text(let text): appendBare(text, to: &line)
        case .literal(let literal): line += literal.utf8
        case .list: appendJSON(value, to: &line)
        }
    }

    private func appendBare(_ text: String, to line: inout [UInt8]) {
        if LogText.needsQuotes(text) {
            LogText.appendQuoted(text, to: &line)
        } else {
            line += text.utf8
        }
    }

    private func appendJSON(_ value: LogField.Value, to line: inout [UInt8]) {
        switch value {
        case .text(let text): LogText.appendQuoted(text, to: &line)
        case .literal(let literal): line += literal.utf8
        case .list(let members):
            line.append(UInt8(ascii: "["))
            for (position, member) in members.enumerated() {
                if position > 0 { line.append(UInt8(ascii: ",")) }
                appendJSON(member, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        }
    }
}
