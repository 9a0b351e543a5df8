internal import RepriseCore

/// The part of a ``TieredStore`` that one lock guards: what is still to be written, which loads
/// are under way, whether the store is asked at all, and what its writer does.
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
        case found(StoredResponse)
        /// The key is not stored, or the store is not asked.
        case absent
        /// Ask the store; ``endLoad(_:)`` must follow.
        case load
    }

    /// What happened to a key while a load of it was under way.
    enum Newer {
        case committed(StoredResponse)
        case removed
    }

    /// When the writer is to be woken for what has been queued.
    enum WakeUp {
        /// It is awake, or not to be woken.
        case none
        /// After others have had time to join the batch.
        case soon
        /// There is a whole batch.
        case now
    }

    /// What is still to be written.
    var writes: WriteBehind
    /// Guards lookups.
    var readBreaker: CircuitBreaker
    /// Guards writes. A full disk must not keep lookups from being answered, hence two.
    var writeBreaker: CircuitBreaker
    /// Guards leases.
    var leaseBreaker: CircuitBreaker
    /// Told of each batch that ends, and of the writer's end.
    var watchers: [Int: @Sendable () -> Void] = [:]
    /// The number of the newest of ``watchers``.
    var nextWatcher = 0
    /// What has been counted, without the figures that are read off the other parts.
    var counters = TieredCounters()
    /// Whether the writer has begun.
    var isStarted = false
    /// Whether the store's upkeep is to run with the next batch.
    var isUpkeepDue = false
    /// Whether a batch is under way.
    var isWriting = false
    /// Whether the writer will wake by itself, and whether it has been told to do so at once.
    var wakeUp = WakeUp.none
    /// Ticks of the clock since the call of the store that is under way began.
    var ticksOfCall = 0
    /// The number of the call of the store that is under way, or was last.
    var call = 0
    /// Whether what is queued is being flushed before the end.
    var isClosing = false
    /// Whether the writer has ended, so that nothing more is queued.
    var isClosed = false

    private var loads: [CacheKey: Load] = [:]

    /// Makes a ledger with an empty queue.
    init(writes: WriteBehind, breaker: CircuitBreaker) {
        self.writes = writes
        self.readBreaker = breaker
        self.writeBreaker = breaker
        self.leaseBreaker = breaker
    }

    /// Decides how a lookup goes on, and notes its load if there is one.
    ///
    /// - Parameter isLacking: Whether the store is known not to have the key. Asked after the queue:
    ///   what has left the queue is in the store.
    mutating func beginLookup(
        _ key: CacheKey, now: Int64, isLacking: () -> Bool
    ) -> Direction {
        switch writes.pending(key) {
        case .save(let response): return .found(response)
        case .remove: return .absent
        case nil: break
        }
        guard !isClosed else { return .absent }
        if isLacking() {
            counters.persistentMisses += 1
            return .absent
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
    mutating func commit(_ key: CacheKey, _ response: StoredResponse) {
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

    /// Decides whether the writer is to be woken for what is queued.
    ///
    /// A store that fails is left to the clock.
    ///
    /// - Parameter batch: How many operations make a whole batch.
    mutating func wakeWriter(batch: Int) -> WakeUp {
        guard isStarted, !isWriting, !isClosed, writeBreaker.condition == .closed,
            writes.count > 0
        else { return .none }
        let wanted = writes.count >= batch || isClosing ? WakeUp.now : .soon
        switch (wakeUp, wanted) {
        case (.none, _), (.soon, .now):
            wakeUp = wanted
            return wanted
        case (.soon, _), (.now, _): return .none
        }
    }

    private struct Load {
        var count = 0
        var newer: Newer?
    }
}
