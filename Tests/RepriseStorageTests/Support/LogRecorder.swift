import RepriseLogging
import Synchronization

/// Keeps what is logged, for a test to look at.
final class LogRecorder: LogDestination {
    private let lines = Mutex<[(text: String, fields: [LogField])]>([])

    var logger: Logger { Logger(level: .trace, destination: self) }

    /// Each message with its level in front.
    var messages: [String] { lines.withLock { $0.map(\.text) } }

    /// The fields of the first message that contains a text.
    func fields(of text: String) -> [LogField]? {
        lines.withLock { lines in lines.first { $0.text.contains(text) }?.fields }
    }

    func messages(containing text: String) -> [String] { messages.filter { $0.contains(text) } }

    func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        lines.withLock { $0.append(("\(level): \(message)", fields)) }
    }
}
