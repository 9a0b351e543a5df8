/// How important a log line is; the least one first.
public enum LogLevel: Int, Comparable, Sendable, CaseIterable {
    /// Each step of what happens.
    case trace
    /// What helps to find a fault.
    case debug
    /// What happens in normal work.
    case info
    /// What is normal and yet worth knowing.
    case notice
    /// What may need a person.
    case warning
    /// What went wrong.
    case error
    /// What ends the process.
    case critical

    /// Orders levels by importance.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One value of a log line.
public enum LogValue: Sendable, Equatable {
    /// Text; control characters in it are escaped when the line is written.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// Milliseconds, with three digits behind the point.
    case milliseconds(nanoseconds: Int64)
    /// A truth value.
    case truth(Bool)
}

/// One named value of a log line.
public struct LogField: Sendable, Equatable {
    /// The name, lower-case ASCII.
    public var name: StaticString
    /// The value.
    public var value: LogValue

    /// Makes a field.
    public init(_ name: StaticString, _ value: LogValue) {
        self.name = name
        self.value = value
    }

    /// Compares names byte for byte, and values.
    public static func == (one: Self, other: Self) -> Bool {
        one.name.description == other.name.description && one.value == other.value
    }
}

/// Where log lines go.
public protocol LogDestination: AnyObject, Sendable {
    /// Takes a line. It must not block.
    func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField])
}

/// A log with a level below which lines are not even made.
public struct Logger: Sendable {
    /// Lines of lower levels are left out.
    public let level: LogLevel
    private let destination: any LogDestination

    /// Makes a logger.
    public init(level: LogLevel, destination: any LogDestination) {
        self.level = level
        self.destination = destination
    }

    /// Whether a line of a level is written.
    public func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

    /// Writes a line; fields and their values are made only if the level is enabled.
    public func log(
        _ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> [LogField] = []
    ) {
        if isEnabled(level) { destination.write(level, message, fields()) }
    }
}
