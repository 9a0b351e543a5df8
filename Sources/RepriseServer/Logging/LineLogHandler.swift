public import Logging

/// A swift-log backend that writes each message as one line, as text or as JSON.
///
/// Text: `2026-01-01T00:00:00.000Z info message key=value`, keys sorted; a value with a space,
/// a quote, `=` or a control character is quoted and escaped as in JSON. JSON: one object with
/// `time`, `level`, `message` and the metadata; of nested metadata the keys are joined by dots, and
/// a key that is one of the three is prefixed with `_`. Nothing in a message or a value can begin a
/// line of its own or move a terminal's cursor. Each text is cut after 4,096 characters.
public struct LineLogHandler: LogHandler {
    /// The least severe message that is written.
    public var logLevel: Logger.Level
    /// What is added to every message of the logger; a message's own metadata goes before it.
    public var metadata: Logger.Metadata = [:]
    /// What is added from the task that logs; it goes before ``metadata``.
    public var metadataProvider: Logger.MetadataProvider?
    private let format: LogFormat
    private let sink: LogSink
    private let now: @Sendable () -> Int64

    /// Makes a backend.
    ///
    /// - Parameters:
    ///   - format: How a line is written.
    ///   - level: The least severe message that is written.
    ///   - sink: Where lines go.
    ///   - now: Gives milliseconds since 1970-01-01T00:00:00Z.
    public init(
        format: LogFormat, level: Logger.Level, sink: LogSink = .standardError,
        now: @escaping @Sendable () -> Int64
    ) {
        self.format = format
        self.logLevel = level
        self.sink = sink
        self.now = now
    }

    /// The value of one key of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one message as one line, its error as the field `error`.
    public func log(event: LogEvent) {
        var merged = metadata
        if let metadataProvider {
            merged.merge(metadataProvider.get()) { $1 }
        }
        if let own = event.metadata {
            merged.merge(own) { $1 }
        }
        if let error = event.error {
            merged["error"] = "\(error)"
        }
        let line = LogLine(
            time: now(), level: event.level, message: event.message.description,
            fields: LogField.flattened(merged))
        sink.write(format == .json ? line.json : line.text)
    }
}
