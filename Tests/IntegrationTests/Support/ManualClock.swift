import Synchronization

/// A time of day that stands still until a test moves it.
final class ManualClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)

    /// Milliseconds since 1970-01-01T00:00:00Z.
    var now: Int64 { milliseconds.withLock { $0 } }

    /// Moves it forward.
    func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        milliseconds.withLock { $0 += seconds * 1000 + attoseconds / 1_000_000_000_000_000 }
    }
}
