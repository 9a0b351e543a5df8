/// What a ``TieredStore`` has done since it was made.
public struct TieredCounters: Sendable, Equatable {
    /// The memory tier's figures.
    public var memory = MemoryTier.Statistics()
    /// Lookups that the persistent store answered with a whole entry.
    public var persistentHits = 0
    /// Lookups for which the persistent store had nothing, those it need not be asked for included.
    public var persistentMisses = 0
    /// Calls of the persistent store that failed, time-outs not counted.
    public var persistentErrors = 0
    /// Lookups that were given up at their deadline.
    public var persistentTimeouts = 0
    /// Entries of the persistent store that could not be decoded or had another SHA-256.
    public var persistentCorrupt = 0
    /// Entries written to the persistent store.
    public var writes = 0
    /// Entries that were not written: the queue or the store was full, or the store failed.
    public var droppedWrites = 0
    /// Entries and removals that wait to be written.
    public var queuedWrites = 0
    /// Bytes that wait to be written.
    public var queuedBytes = 0
    /// Whether lookups reach the persistent store.
    public var readBreaker = CircuitBreaker.Condition.closed
    /// Whether writes reach the persistent store.
    public var writeBreaker = CircuitBreaker.Condition.closed

    /// Makes counters that stand at zero.
    public init() {}
}
