import Foundation

/// The machine's time of day.
enum SystemTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    static var now: Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
}
