/// How log lines are written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// A line for people: time, level, message, `name=value`.
    case text
    /// A JSON object a line.
    case json
}
