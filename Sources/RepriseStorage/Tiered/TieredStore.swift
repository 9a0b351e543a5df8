public import Logging
public import RepriseCore
public import ServiceLifecycle
import Synchronization

/// The cache as the proxy sees it: memory in front, and behind it a persistent store that can
/// neither fail a request nor hold it up.
///
/// A lookup that misses in memory asks the persistent store, for at most a deadline and only while
/// a ``CircuitBreaker`` is closed. A commit is in memory at once and is written later, by
/// ``run()``, from a bounded queue. Once a commit or a removal has returned, no lookup in this
/// process returns what was stored before; ``TieredLedger`` says how. Another process on the same
/// store is seen when an entry leaves memory.
public final class TieredStore: Service {
    /// The bounds of a tiered store.
    public struct Limits: Sendable {
        /// How long a lookup waits for the persistent store: 50 ms suits a local one, 100 ms a
        /// remote one.
        public var deadline = Duration.milliseconds(50)
        /// How many entries may wait to be written.
        public var queueEntries = 4096
        /// What the entries that wait to be written may cost together, in bytes.
        public var queueBytes = 64 << 20
        /// How many entries are written together at most.
        public var batchEntries = 128
        /// What the entries that are written together may cost, in bytes; at least one is written.
        public var batchBytes = 4 << 20
        /// How long writing goes on after shutdown has begun. A call of the store that is under
        /// way then is waited for.
        public var flushDeadline = Duration.seconds(10)
        /// How often the store's upkeep runs and a store that failed is tried again.
        public var upkeepInterval = Duration.seconds(5)
        /// Failures in a row after which the persistent store is left alone for a while.
        public var failureThreshold = 5

        /// Makes the default limits.
        public init() {}
    }

    /// The first tier.
    public let memory: MemoryTier
    let persistent: (any ResponseStore)?
    /// The persistent store as the log names it.
    let name: String
    /// `persistent`, if it can be asked on an event loop.
    let eventLoopStore: (any EventLoopStore)?
    let limits: Limits
    let clock: WallClock
    let logger: Logger
    let ledger: Mutex<TieredLedger>
    /// Wakes the writer; one signal is remembered.
    let signals: AsyncStream<Void>
    let signal: AsyncStream<Void>.Continuation

    /// Makes a store; entries are written only while ``run()`` runs.
    ///
    /// - Parameters:
    ///   - memory: The first tier.
    ///   - persistent: The tier behind it; nil for none. It is closed when ``run()`` ends.
    ///   - name: The persistent store as the log is to name it, without secrets; nil for its kind.
    public init(
        memory: MemoryTier, persistent: (any ResponseStore)?, name: String? = nil,
        limits: Limits = Limits(), clock: WallClock = .system, logger: Logger
    ) {
        self.memory = memory
        self.persistent = persistent
        self.name = name ?? persistent?.kind ?? "none"
        self.eventLoopStore = persistent as? any EventLoopStore
        self.limits = limits
        self.clock = clock
        self.logger = logger
        self.ledger = Mutex(
            TieredLedger(
                writes: WriteBehind(entryLimit: limits.queueEntries, byteLimit: limits.queueBytes),
                breaker: CircuitBreaker(threshold: limits.failureThreshold)))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The response that memory holds for a key.
    public func memoryLookup(_ key: CacheKey) -> CachedResponse? {
        memory.response(for: key)
    }

    /// The response that memory or the persistent store holds for a key.
    ///
    /// A store that is down, slow or holds rubbish is a miss. Whether the response is still fresh
    /// is for the caller to judge.
    public func lookup(_ key: CacheKey) async -> CachedResponse? {
        if let response = memory.response(for: key) { return response }
        guard let persistent else { return nil }
        switch begin(key) {
        case .found(let response): return response
        case .absent: return nil
        case .load: return finish(key, await load(key, from: persistent))
        }
    }

    /// Stores a response: in memory before this returns, in the persistent store soon after.
    public func commit(_ key: CacheKey, _ response: CachedResponse) {
        guard persistent != nil else {
            memory.insert(response, for: key)
            return
        }
        ledger.withLock { ledger in
            memory.insert(response, for: key)
            ledger.commit(key, response)
        }
        signal.yield()
    }

    /// Removes what is stored under a key: from memory before this returns, from the persistent
    /// store soon after.
    public func remove(_ key: CacheKey) {
        guard persistent != nil else {
            memory.remove(key)
            return
        }
        ledger.withLock { ledger in
            memory.remove(key)
            ledger.remove(key)
        }
        signal.yield()
    }

    /// What the store has done so far.
    public var counters: TieredCounters {
        var counters = ledger.withLock { ledger in
            var counters = ledger.counters
            counters.droppedWrites += ledger.writes.dropped
            counters.queuedWrites = ledger.writes.count
            counters.queuedBytes = ledger.writes.bytes
            counters.readBreaker = ledger.readBreaker.condition
            counters.writeBreaker = ledger.writeBreaker.condition
            return counters
        }
        counters.memory = memory.statistics
        return counters
    }

    /// Writes what is committed, until graceful shutdown or cancellation; then writes what is
    /// left, for as long as the flush deadline allows, and closes the persistent store.
    public func run() async throws {
        await write()
    }
}
