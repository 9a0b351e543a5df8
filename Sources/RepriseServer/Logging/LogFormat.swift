/// How log messages are written to standard error.
public enum LogFormat: String, CaseIterable, Sendable {
    /// One line for people: time, level, message, `key=value`.
    case text
    /// One JSON object a line.
    case json
}
