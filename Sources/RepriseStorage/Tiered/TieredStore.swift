public import RepriseCore
public import RepriseLogging
public import RepriseNetwork
internal import Synchronization

/// The cache as the proxy sees it: memory in front, and behind it a persistent store that can
/// neither fail a request nor hold it up.
///
/// A lookup that misses in memory asks the persistent store, for at most a deadline and only while
/// a ``CircuitBreaker`` is closed. A commit is in memory at once and is written later, by a thread
/// of its own, from a bounded queue. Once a commit or a removal has returned, no lookup in this
/// process returns what was stored before; ``TieredLedger`` says how. Another process on the same
/// store is seen when an entry leaves memory.
public final class TieredStore: Sendable {
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
        /// How long the first entry of a batch waits for others, unless a batch is whole earlier.
        public var gathering = Duration.milliseconds(5)
        /// How often the store's upkeep runs and a store that failed is tried again. A call of the
        /// store that is still under way when this has passed twice is given up.
        public var upkeepInterval = Duration.seconds(5)
        /// Failures in a row after which the persistent store is left alone for a while.
        public var failureThreshold = 5

        /// Makes the default limits.
        public init() {}
    }

    /// How a lookup goes on.
    public enum Lookup {
        /// The response is at hand; the completion is not called.
        case found(StoredResponse)
        /// Nothing is stored, or the store is not asked; the completion is not called.
        case absent
        /// The store is being asked; the completion is called in a later turn of the loop.
        case pending(any LoopAttempt)
    }

    /// The first tier.
    public let memory: MemoryTier
    let persistent: (any ResponseStore)?
    /// The persistent store as the log names it.
    let name: String
    let limits: Limits
    let network: any Network
    let logger: Logger
    let ledger: Mutex<TieredLedger>
    /// Encodes and writes what is queued; nil without a persistent store.
    let worker: (any Worker)?
    let ending = Mutex(Ending())
    /// The call of the persistent store that is under way.
    let pendingCall = Mutex<PendingCall?>(nil)

    /// Makes a store; entries are written only after ``start()``.
    ///
    /// - Parameters:
    ///   - memory: The first tier.
    ///   - persistent: The tier behind it; nil for none. It is closed by ``close(within:_:)``.
    ///   - name: The persistent store as the log is to name it, without secrets; nil for its kind.
    ///   - network: Where the writer's thread and the time come from.
    public init(
        memory: MemoryTier, persistent: (any ResponseStore)?, name: String? = nil,
        limits: Limits = Limits(), network: any Network, logger: Logger
    ) {
        self.memory = memory
        self.persistent = persistent
        self.name = name ?? persistent?.kind ?? "none"
        self.limits = limits
        self.network = network
        self.logger = logger
        self.worker = persistent == nil ? nil : network.makeWorker(named: "store")
        self.ledger = Mutex(
            TieredLedger(
                writes: WriteBehind(entryLimit: limits.queueEntries, byteLimit: limits.queueBytes),
                breaker: CircuitBreaker(threshold: limits.failureThreshold)))
    }

    /// Begins to write what is committed, and the store's upkeep.
    public func start() {
        guard worker != nil else { return }
        let wakeUp = ledger.withLock { ledger in
            ledger.isStarted = true
            return ledger.wakeWriter(batch: limits.batchEntries)
        }
        wake(wakeUp)
        tickLater()
    }

    /// Stores a response: in memory before this returns, in the persistent store soon after. From
    /// any thread.
    public func commit(_ key: CacheKey, _ response: StoredResponse) {
        guard persistent != nil else {
            memory.insert(response, for: key)
            return
        }
        wake(
            ledger.withLock { ledger in
                memory.insert(response, for: key)
                ledger.commit(key, response)
                return ledger.wakeWriter(batch: limits.batchEntries)
            })
    }

    /// Removes what is stored under a key: from memory before this returns, from the persistent
    /// store soon after. From any thread.
    public func remove(_ key: CacheKey) {
        guard persistent != nil else {
            memory.remove(key)
            return
        }
        wake(
            ledger.withLock { ledger in
                memory.remove(key)
                ledger.remove(key)
                return ledger.wakeWriter(batch: limits.batchEntries)
            })
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

    /// The time of day in milliseconds; from any thread.
    var now: Int64 { network.loops[0].wallClock }
}
