/// How long a response may be answered from memory before the persistent store is asked again.
enum MemoryLifetime: Equatable, Sendable {
    /// As suits the store: for ever, or 60 seconds when others write to it as well.
    case standard
    /// For ever.
    case unlimited
    /// So many seconds, at least 1.
    case seconds(Int64)

    /// The lifetime in front of a store that others write to, in seconds: how late a purge or a
    /// refresh elsewhere may be seen.
    static let inFrontOfSharedStore: Int64 = 60

    /// Reads a duration in whole seconds, or `none`.
    init(parsing text: String) throws(ValueFlaw) {
        self = try DurationNotation.parseSeconds(text).map { .seconds($0) } ?? .unlimited
    }

    /// The lifetime in seconds; nil for ever.
    ///
    /// - Parameter isShared: Whether others write to the store as well.
    func seconds(isShared: Bool) -> Int64? {
        switch self {
        case .standard: isShared ? Self.inFrontOfSharedStore : nil
        case .unlimited: nil
        case .seconds(let seconds): seconds
        }
    }
}
