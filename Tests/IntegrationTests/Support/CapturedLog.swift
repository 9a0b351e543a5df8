import RepriseLogging
import Synchronization

/// What the proxy under test has logged, as text.
final class CapturedLog: LogDestination {
    private let lines = Mutex("")

    /// All that was logged so far.
    var text: String { lines.withLock { $0 } }

    func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
        let values = fields.map { " \($0.name)=\($0.value)" }.joined()
        lines.withLock { $0 += "\(level) \(message)\(values)\n" }
    }
}
