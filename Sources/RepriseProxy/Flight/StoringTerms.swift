import RepriseCore

/// How a request lets its response be stored.
struct StoringTerms: Equatable, Sendable {
    /// Freshness lifetime in seconds; nil: until evicted.
    var ttl: Int64?
    var tags: [[UInt8]]
    var namespace: [UInt8]?
}
