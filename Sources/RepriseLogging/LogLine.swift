/// The line that a record becomes.
///
/// Text: `2026-01-01T00:00:00.000Z info message name=value`; a value with a space, a quote, `=` or
/// a control character is quoted and escaped as in JSON. JSON: one object with `time`, `level`,
/// `message` and the fields; numbers and truth values are JSON's own, and a field that has one of the three
/// names is prefixed with `_`. Fields are sorted by name, so that equal records give equal lines.
/// Nothing in a record can begin a line of its own or move a terminal's cursor.
enum LogLine {
    /// Appends a line with its line feed.
    static func append(_ record: LogRecord, _ format: LogFormat, to line: inout [UInt8]) {
        switch format {
        case .text: appendText(record, to: &line)
        case .json: appendJSON(record, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
    }

    private static func appendText(_ record: LogRecord, to line: inout [UInt8]) {
        Timestamp(milliseconds: record.time).append(to: &line)
        line.append(UInt8(ascii: " "))
        append(record.level.name, to: &line)
        line.append(UInt8(ascii: " "))
        if !LogText.appendPlain(record.message, to: &line) {
            LogText.appendEscaped(record.message.description, escapesQuotes: false, to: &line)
        }
        for field in sorted(record.fields) {
            line.append(UInt8(ascii: " "))
            if !LogText.appendPlain(field.name, to: &line) {
                LogText.appendBare(field.name.description, to: &line)
            }
            line.append(UInt8(ascii: "="))
            if case .text(let text) = field.value {
                LogText.appendBare(text, to: &line)
            } else {
                appendLiteral(field.value, to: &line)
            }
        }
    }

    private static func appendJSON(_ record: LogRecord, to line: inout [UInt8]) {
        append("{\"time\":\"", to: &line)
        Timestamp(milliseconds: record.time).append(to: &line)
        append("\",\"level\":\"", to: &line)
        append(record.level.name, to: &line)
        append("\",\"message\":", to: &line)
        LogText.appendQuoted(record.message.description, to: &line)
        for field in sorted(record.fields) {
            line.append(UInt8(ascii: ","))
            appendKey(field.name, to: &line)
            line.append(UInt8(ascii: ":"))
            if case .text(let text) = field.value {
                LogText.appendQuoted(text, to: &line)
            } else {
                appendLiteral(field.value, to: &line)
            }
        }
        line.append(UInt8(ascii: "}"))
    }

    private static func appendKey(_ name: StaticString, to line: inout [UInt8]) {
        let start = line.count
        line.append(UInt8(ascii: "\""))
        guard LogText.appendPlain(name, to: &line) else {
            line.removeLast()
            LogText.appendQuoted(name.description, to: &line)
            return
        }
        for taken in ["time", "level", "message"] as [StaticString]
        where taken.utf8CodeUnitCount == line.count - start - 1 {
            let isTaken = taken.withUTF8Buffer { $0.elementsEqual(line[(start + 1)...]) }
            if isTaken { line.insert(UInt8(ascii: "_"), at: start + 1) }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Appends a number or a truth value, which both formats write alike.
    private static func appendLiteral(_ value: LogValue, to line: inout [UInt8]) {
        switch value {
        case .text(let text): LogText.appendQuoted(text, to: &line)
        case .integer(let number): LogNumber.append(number, to: &line)
        case .milliseconds(let nanoseconds):
            LogNumber.append(millisecondsOf: nanoseconds, to: &line)
        case .truth(let truth): append(truth ? "true" : "false", to: &line)
        }
    }

    private static func append(_ text: StaticString, to line: inout [UInt8]) {
        text.withUTF8Buffer { line.append(contentsOf: $0) }
    }

    /// The fields by name, byte for byte; nearly always they come in that order.
    private static func sorted(_ fields: [LogField]) -> [LogField] {
        for index in fields.indices.dropFirst()
        where precedes(fields[index].name, fields[index - 1].name) {
            return fields.sorted { precedes($0.name, $1.name) }
        }
        return fields
    }

    private static func precedes(_ left: StaticString, _ right: StaticString) -> Bool {
        left.withUTF8Buffer { leftBytes in
            right.withUTF8Buffer { leftBytes.lexicographicallyPrecedes($0) }
        }
    }
}
