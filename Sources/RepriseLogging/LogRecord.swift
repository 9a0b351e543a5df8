/// What is known of a log line before it is made into text.
struct LogRecord: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    var time: Int64
    /// How important it is.
    var level: LogLevel
    /// What happened.
    var message: StaticString
    /// The details, in any order.
    var fields: [LogField]

    /// Makes a record whose texts are not much longer than what is written of them, so that what
    /// waits in the queue is bounded by what ``cost`` says.
    init(time: Int64, level: LogLevel, message: StaticString, fields: [LogField]) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
        for (index, field) in fields.enumerated() {
            guard case .text(let text) = field.value, text.utf8.count > Self.longestText else {
                continue
            }
            // One scalar more than is written, so that the writer sees that something was cut.
            let head = text.unicodeScalars.prefix(LogText.limit + 1)
            self.fields[index].value = .text(String(String.UnicodeScalarView(head)))
        }
    }

    /// The memory that the record takes while it waits, in bytes, to within a few dozen.
    var cost: Int {
        var bytes = 96 + fields.count * MemoryLayout<LogField>.stride
        for field in fields {
            if case .text(let text) = field.value { bytes += text.utf8.count }
        }
        return bytes
    }

    /// A text of so many bytes of UTF-8 may have no more scalars than are written.
    private static let longestText = LogText.limit * 4
}
