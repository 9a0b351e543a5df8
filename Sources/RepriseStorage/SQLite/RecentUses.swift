internal import RepriseCore

/// Uses of entries that are not in the database yet, so that a read never has to write.
struct RecentUses: Sendable {
    /// How many keys are remembered; further ones are forgotten until the next ``drain()``, at the
    /// cost of a less exact order of eviction.
    static let limit = 16_384
    /// How old a use that the database knows must be, in milliseconds, for another to be noted.
    static let granularity: Int64 = 60_000

    private var times: [CacheKey: Int64] = [:]

    /// Notes a use.
    ///
    /// - Parameters:
    ///   - known: The last use that the database knows of, in milliseconds since the epoch.
    ///   - now: The time of this use.
    mutating func note(_ key: CacheKey, known: Int64, now: Int64) {
        guard now - known >= Self.granularity else { return }
        guard times.count < Self.limit || times[key] != nil else { return }
        times[key] = now
    }

    /// Gives what was noted, and forgets it.
    mutating func drain() -> [CacheKey: Int64] {
        defer { times.removeAll(keepingCapacity: true) }
        return times
    }
}
