public import RepriseCore
internal import Synchronization

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
    private let fingerprints: FingerprintTable
    private let fingerprintHash: UniversalHash
    private let timeToLive: Int64?
    private let now: @Sendable () -> Int64

    /// Makes an empty tier.
    ///
    /// - Parameters:
    ///   - capacity: Bytes: a 32nd for fingerprints, the rest for the sum of ``StoredResponse/cost``. That
    ///     is split evenly, so a response that costs more than a shard's share is not kept in
    ///     memory. At 0 the tier keeps nothing.
    ///   - shardCount: Rounded up to a power of two, 1 at least. By default as many as leave each
    ///     shard 16 MiB, 16 at most.
    ///   - timeToLive: Seconds after which a response leaves memory; nil for no limit. It bounds
    ///     how long this process may go on without seeing another one's writes to a shared store.
    ///   - randomNumber: Where the secret key of the fingerprints comes from; nil for the system's
    ///     generator. It has to be one that nobody can foresee, but for simulation.
    ///   - now: The time in milliseconds since the epoch. It may step back.
    public init(
        capacity: Int, shardCount: Int? = nil, timeToLive: Int64? = nil,
        randomNumber: (() -> UInt64)? = nil, now: @escaping @Sendable () -> Int64
    ) {
        let wanted = shardCount ?? min(16, max(1, capacity >> 24))
        var count = 1
        while count < min(wanted, 1 << 16) { count *= 2 }
        let forFingerprints = max(0, capacity) / 32
        let share = (max(0, capacity) - forFingerprints) / count
        var generator = NumberSource(randomNumber)
        self.fingerprintHash = UniversalHash(using: &generator)
        self.fingerprints = FingerprintTable(capacity: forFingerprints, shardCount: count)
        self.shards = (0..<count).map { _ in Shard(capacity: share) }
        self.timeToLive = timeToLive
        self.now = now
    }

    /// The response stored under a key, counted as a use of it; nil when there is none.
    public func response(for key: CacheKey) -> StoredResponse? {
        let shard = shard(for: key)
        let now = timeToLive == nil ? 0 : self.now()
        // What expired is let go after the lock, for giving back a large body takes a while.
        var released: [Item] = []
        return shard.state.withLock { state -> StoredResponse? in
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

    /// The fingerprint of a request.
    ///
    /// - Parameters:
    ///   - head: What the cache key depends on in its head, in a form from which these parts could
    ///     be told again.
    ///   - body: Its body.
    public func fingerprint(head: Span<UInt8>, body: Span<UInt8>) -> RequestFingerprint {
        RequestFingerprint(fingerprintHash(head, body))
    }

    /// The response that a request written in the very same bytes led to; nil when there is none.
    public func response(for fingerprint: RequestFingerprint) -> StoredResponse? {
        fingerprints.key(for: fingerprint).flatMap { response(for: $0) }
    }

    /// The key that a request written in the very same bytes has; nil when it is not known.
    public func key(for fingerprint: RequestFingerprint) -> CacheKey? {
        fingerprints.key(for: fingerprint)
    }

    /// Remembers which key a request's bytes lead to, whether or not anything is stored under it.
    public func learn(_ fingerprint: RequestFingerprint, for key: CacheKey) {
        fingerprints.insert(key, for: fingerprint)
    }

    /// Stores a response in place of what stood under its key.
    ///
    /// - Returns: Whether it was admitted; one larger than a shard is not.
    @discardableResult
    public func insert(_ response: StoredResponse, for key: CacheKey) -> Bool {
        let shard = shard(for: key)
        let item = Item(response: response, expiry: timeToLive.map { expiry(in: $0) })
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

    private func expiry(in seconds: Int64) -> Int64 {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, carries) = now().addingReportingOverflow(milliseconds)
        return overflow || carries ? .max : sum
    }

    private func shard(for key: CacheKey) -> Shard {
        shards[key.spread & (shards.count - 1)]
    }

    private struct Item: Sendable {
        let response: StoredResponse
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

    /// Numbers of a closure, or of the system.
    private struct NumberSource: RandomNumberGenerator {
        let source: (() -> UInt64)?
        var system = SystemRandomNumberGenerator()

        init(_ source: (() -> UInt64)?) {
            self.source = source
        }

        mutating func next() -> UInt64 { source?() ?? system.next() }
    }
}
