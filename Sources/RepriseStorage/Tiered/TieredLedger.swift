import RepriseCore

/// The part of a ``TieredStore`` that one lock guards: what is still to be written, which loads
/// are under way, and whether the store is asked at all.
///
/// Its rule: once a commit or a removal has returned, no lookup of that key may return what the
/// store held before.
/// - A lookup asks here before it asks the store. While a write of the key is queued or under way,
///   the answer comes from that write.
/// - A load notes here that it is under way. A commit or removal of its key that comes meanwhile
///   leaves its own outcome with the load, which then returns that instead of what it read, and does
///   not put what it read into memory.
/// - A load puts what it read into memory, and a commit puts its response there, while holding
///   this lock, so that the later of the two is always the newer.
struct TieredLedger {
    /// How a lookup that missed in memory goes on.
    enum Direction {
        /// The newest response is known here.
        case found(CachedResponse)
        /// The key is not stored, or the store is not asked.
        case absent
        /// Ask the store; ``endLoad(_:)`` must follow.
        case load
    }

    /// What happened to a key while a load of it was under way.
    enum Newer {
        case committed(CachedResponse)
        case removed
    }

    /// What is still to be written.
    var writes: WriteBehind
    /// Guards lookups.
    var readBreaker: CircuitBreaker
    /// Guards writes. A full disk must not keep lookups from being answered, hence two.
    var writeBreaker: CircuitBreaker
    /// Guards leases.
    var leaseBreaker: CircuitBreaker
    /// What has been counted, without the figures that are read off the other parts.
    var counters = TieredCounters()
    /// Whether the store's upkeep is to run with the next batch.
    var isUpkeepDue = false
    /// When writing is to end, in milliseconds since the epoch, once shutdown has begun.
    var flushEnd: Int64?
    /// Whether the writer has ended, so that nothing more is queued.
    var isClosed = false
    /// Who is told of each batch that has ended.
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    /// The number of the watcher that came last.
    var nextWatcher = 0

    private var loads: [CacheKey: Load] = [:]

    /// Makes a ledger with an empty queue.
    init(writes: WriteBehind, breaker: CircuitBreaker) {
        self.writes = writes
        self.readBreaker = breaker
        self.writeBreaker = breaker
        self.leaseBreaker = breaker
    }

    /// Decides how a lookup goes on, and notes its load if there is one.
    mutating func beginLookup(_ key: CacheKey, now: Int64) -> Direction {
        switch writes.pending(key) {
        case .save(let response): return .found(response)
        case .remove: return .absent
        case nil: break
        }
        guard readBreaker.allows(now: now) else { return .absent }
        loads[key, default: Load()].count += 1
        return .load
    }

    /// Ends one load.
    ///
    /// - Returns: What happened to the key since the load began; nil when nothing did.
    mutating func endLoad(_ key: CacheKey) -> Newer? {
        guard var load = loads[key] else { return nil }
        load.count -= 1
        loads[key] = load.count == 0 ? nil : load
        return load.newer
    }

    /// Queues a save and tells it to the loads of its key.
    mutating func commit(_ key: CacheKey, _ response: CachedResponse) {
        loads[key]?.newer = .committed(response)
        if isClosed {
            counters.droppedWrites += 1
        } else {
            writes.save(response, for: key)
        }
    }

    /// Queues a removal and tells it to the loads of its key.
    mutating func remove(_ key: CacheKey) {
        loads[key]?.newer = .removed
        if !isClosed { writes.remove(key) }
    }

    private struct Load {
        var count = 0
        var newer: Newer?
    }
}
