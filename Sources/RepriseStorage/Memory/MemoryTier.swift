public import RepriseCore
import Synchronization

/// The first tier: stored responses in this process's memory, bounded in bytes.
///
/// Keys are spread over shards, each an ``S3FIFO`` behind its own lock, held for a few map
/// operations and never while memory is given back. All methods are synchronous and may be called
/// from any thread, an event loop's included.
public final class MemoryTier: Sendable {
    /// What the tier holds and has done.
    public struct Statistics: Sendable, Equatable {
        /// Stored responses now.
        public var entries = 0
        /// Their cost in bytes now, overhead included.
        public var bytes = 0
        /// Lookups that found a response.
        public var hits = 0
        /// Lookups that found none.
        public var misses = 0
        /// Responses that were removed to make room.
        public var evictions = 0

        /// Makes statistics that stand at zero.
        public init() {}
    }

    private let shards: [Shard]
    private let aliases: AliasTable
    private let aliasHash: UniversalHash
    private let timeToLive: Int64?
    private let clock: WallClock

    /// Makes an empty tier.
    ///
    /// - Parameters:
    ///   - capacity: Bytes: a 32nd for aliases, the rest for the sum of ``CachedResponse/cost``. That
    ///     is split evenly, so a response that costs more than a shard's share is not kept in
    ///     memory. At 0 the tier keeps nothing.
    ///   - shardCount: Rounded up to a power of two, 1 at least. By default as many as leave each
    ///     shard 16 MiB, 16 at most.
    ///   - timeToLive: Seconds after which a response leaves memory; nil for no limit. It bounds
    ///     how long this process may go on without seeing another one's writes to a shared store.
    public init(
        capacity: Int, shardCount: Int? = nil, timeToLive: Int64? = nil, clock: WallClock = .system
    ) {
        let wanted = shardCount ?? min(16, max(1, capacity >> 24))
        var count = 1
        while count < min(wanted, 1 << 16) { count *= 2 }
        let forAliases = max(0, capacity) / 32
        let share = (max(0, capacity) - forAliases) / count
        var generator = SystemRandomNumberGenerator()
        self.aliasHash = UniversalHash(using: &generator)
        self.aliases = AliasTable(capacity: forAliases, shardCount: count)
        self.shards = (0..<count).map { _ in Shard(capacity: share) }
        self.timeToLive = timeToLive
        self.clock = clock
    }

    /// The response stored under a key, counted as a use of it; nil when there is none.
    public func response(for key: CacheKey) -> CachedResponse? {
        let shard = shard(for: key)
        let now = timeToLive == nil ? 0 : clock.now()
        // What expired is let go after the lock, for giving back a large body takes a while.
        var released: [Item] = []
        return shard.state.withLock { state -> CachedResponse? in
            guard let item = state.items.value(for: key) else {
                state.misses += 1
                return nil
            }
            if let expiry = item.expiry, now >= expiry {
                state.items.remove(key, released: &released)
                state.misses += 1
                return nil
            }
            state.hits += 1
            return item.response
        }
    }

    /// The alias of a request.
    ///
    /// - Parameters:
    ///   - head: What the cache key depends on in its head, in a form from which these parts could
    ///     be told again.
    ///   - body: Its body.
    public func alias(head: Span<UInt8>, body: Span<UInt8>) -> RequestAlias {
        RequestAlias(aliasHash(head, body))
    }

    /// The response that a request written in the very same bytes led to; nil when there is none.
    public func response(for alias: RequestAlias) -> CachedResponse? {
        aliases.key(for: alias).flatMap { response(for: $0) }
    }

    /// Remembers which key a request's bytes lead to, whether or not anything is stored under it.
    public func learn(_ alias: RequestAlias, for key: CacheKey) {
        aliases.insert(key, for: alias)
    }

    /// Stores a response in place of what stood under its key.
    ///
    /// - Returns: Whether it was admitted; one larger than a shard is not.
    @discardableResult
    public func insert(_ response: CachedResponse, for key: CacheKey) -> Bool {
        let shard = shard(for: key)
        let item = Item(response: response, expiry: timeToLive.map { clock.now() + $0 * 1000 })
        var released: [Item] = []
        return shard.state.withLock { state in
            state.items.insert(item, for: key, cost: response.cost, released: &released)
        }
    }

    /// Removes what stands under a key.
    public func remove(_ key: CacheKey) {
        var released: [Item] = []
        shard(for: key).state.withLock { $0.items.remove(key, released: &released) }
    }

    /// The sum over all shards, each read at its own moment.
    public var statistics: Statistics {
        shards.reduce(into: Statistics()) { sum, shard in
            shard.state.withLock { state in
                sum.entries += state.items.count
                sum.bytes += state.items.cost
                sum.hits += state.hits
                sum.misses += state.misses
                sum.evictions += state.items.evictions
            }
        }
    }

    private func shard(for key: CacheKey) -> Shard {
        shards[key.spread & (shards.count - 1)]
    }

    private struct Item: Sendable {
        let response: CachedResponse
        /// Milliseconds since the epoch.
        let expiry: Int64?
    }

    private struct State: Sendable {
        var items: S3FIFO<CacheKey, Item>
        var hits = 0
        var misses = 0
    }

    private final class Shard: Sendable {
        let state: Mutex<State>

        init(capacity: Int) {
            state = Mutex(State(items: S3FIFO(capacity: capacity)))
        }
    }
}
