import RepriseStorage
import Synchronization

/// Keeps a clock on which nobody waits, and tells a test of each wait.
final class HastyClock: Sendable {
    private let waits = Mutex<[Duration]>([])
    private let now: @Sendable () -> Int64

    /// Makes a clock that shows a time, in milliseconds since the epoch.
    init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    /// How long everybody would have waited.
    var slept: [Duration] { waits.withLock { $0 } }

    /// The clock; `atSleep` is told how many waits there have been.
    func wallClock(
        atSleep: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) -> WallClock {
        WallClock(now: now) { [self] duration in
            let count = waits.withLock { waits in
                waits.append(duration)
                return waits.count
            }
            try await atSleep(count)
            try Task.checkCancellation()
        }
    }
}
