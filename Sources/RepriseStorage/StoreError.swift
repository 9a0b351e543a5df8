/// Why a persistent store could not do what it was asked.
///
/// None of these ever becomes a client's error: the request goes on without the store.
public enum StoreError: Error, Equatable, Sendable {
    /// The store cannot be reached or used now; the text says why, for a log line.
    case unavailable(String)
    /// The store has no room left: a full disk, or a quota.
    case full
    /// What the store holds is damaged; the text says how it was noticed.
    case corrupt(String)
    /// The store belongs to another program or a newer version; the text says what to do.
    case incompatible(String)
    /// The store did not answer in time.
    case timedOut
    /// The asking task was cancelled before the store answered.
    case cancelled
}

extension StoreError: CustomStringConvertible {
    /// One line for a log, without any stored data.
    public var description: String {
        switch self {
        case .unavailable(let reason): "unavailable: \(reason)"
        case .full: "full"
        case .corrupt(let reason): "corrupt: \(reason)"
        case .incompatible(let reason): reason
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        }
    }
}
