#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The time of day and the passing of time, as closures that a test can replace.
public struct WallClock: Sendable {
    /// The time now, in milliseconds since 1970-01-01T00:00:00Z. It may step back.
    public var now: @Sendable () -> Int64
    /// Suspends for a duration; throws `CancellationError` when its task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// Makes a clock from its parts.
    ///
    /// - Parameters:
    ///   - now: Gives milliseconds since the epoch.
    ///   - sleep: Suspends for a duration and ends early, by throwing, when cancelled.
    public init(
        now: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's clock.
    public static let system = WallClock(now: {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    })
}
