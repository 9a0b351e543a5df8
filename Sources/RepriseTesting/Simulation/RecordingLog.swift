public import RepriseLogging
public import RepriseNetwork

/// A log destination that keeps every line with its virtual time.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time.
public final class RecordingLog: LogDestination, @unchecked Sendable {
    /// One line.
    public struct Line: CustomStringConvertible, Equatable, Sendable {
        /// When it was written.
        public let time: MonotonicTime
        /// Its level.
        public let level: LogLevel
        /// Its message.
        public let message: String
        /// Its fields.
        public let fields: [LogField]

        /// The value of the first field with a name.
        public subscript(name: String) -> LogValue? {
            fields.first { $0.name.description == name }?.value
        }

        /// The line as text.
        public var description: String {
            let values = fields.map { field in
                switch field.value {
                case .text(let text): " \(field.name)=\(text)"
                case .integer(let number): " \(field.name)=\(number)"
                case .milliseconds(let nanoseconds):
                    " \(field.name)=\(MonotonicTime(nanoseconds: nanoseconds).spelled)s"
                case .truth(let value): " \(field.name)=\(value)"
                }
            }
            return "\(time.spelled) \(level) \(message)\(values.joined())"
        }
    }

    /// The lines, the oldest first; of more than the limit the newest.
    public private(set) var lines: [Line] = []
    private let world: WorldState
    private let limit: Int

    /// Makes a log.
    ///
    /// - Parameter limit: The most lines that are held.
    public init(in world: SimulatedWorld, limit: Int = 100_000) {
        self.world = world.state
        self.limit = max(1, limit)
    }

    /// Keeps a line; it stands in the world's trace too.
    public func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        let line = Line(
            time: world.now, level: level, message: message.description, fields: fields)
        if lines.count >= 2 * limit { lines.removeFirst(limit) }
        lines.append(line)
        world.note("log \(line)")
    }
}
