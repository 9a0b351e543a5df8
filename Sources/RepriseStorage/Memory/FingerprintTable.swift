internal import RepriseCore
internal import Synchronization

/// The keys that fingerprints lead to: bounded, sharded, and evicted like the responses themselves.
struct FingerprintTable: Sendable {
    /// Bytes that one fingerprint takes up, its index cell included.
    static let cost = 192

    private let shards: [Shard]

    /// Makes an empty table.
    ///
    /// - Parameters:
    ///   - capacity: Bytes.
    ///   - shardCount: A power of two.
    init(capacity: Int, shardCount: Int) {
        shards = (0..<shardCount).map { _ in Shard(capacity: capacity / shardCount) }
    }

    /// The key that a fingerprint leads to, counted as a use.
    func key(for fingerprint: RequestFingerprint) -> CacheKey? {
        shard(for: fingerprint).keys.withLock { $0.value(for: fingerprint) }
    }

    /// Remembers a key, unless one is known already: it is the same, for the key follows from the
    /// bytes.
    func insert(_ key: CacheKey, for fingerprint: RequestFingerprint) {
        var released: [CacheKey] = []
        shard(for: fingerprint).keys.withLock { keys in
            if keys.value(for: fingerprint) == nil {
                keys.insert(key, for: fingerprint, cost: Self.cost, released: &released)
            }
        }
    }

    private func shard(for fingerprint: RequestFingerprint) -> Shard {
        shards[fingerprint.spread & (shards.count - 1)]
    }

    private final class Shard: Sendable {
        let keys: Mutex<S3FIFO<RequestFingerprint, CacheKey>>

        init(capacity: Int) {
            keys = Mutex(S3FIFO(capacity: capacity))
        }
    }
}
