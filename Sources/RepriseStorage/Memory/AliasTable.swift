import RepriseCore
import Synchronization

/// Which key each alias leads to: bounded, sharded, and evicted like the responses themselves.
struct AliasTable: Sendable {
    /// Bytes that one alias takes up, its index cell included.
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

    func key(for alias: RequestAlias) -> CacheKey? {
        shard(for: alias).keys.withLock { $0.value(for: alias) }
    }

    func insert(_ key: CacheKey, for alias: RequestAlias) {
        var released: [CacheKey] = []
        shard(for: alias).keys.withLock { keys in
            if keys.value(for: alias) == nil {
                keys.insert(key, for: alias, cost: Self.cost, released: &released)
            }
        }
    }

    private func shard(for alias: RequestAlias) -> Shard {
        shards[alias.spread & (shards.count - 1)]
    }

    private final class Shard: Sendable {
        let keys: Mutex<S3FIFO<RequestAlias, CacheKey>>

        init(capacity: Int) {
            keys = Mutex(S3FIFO(capacity: capacity))
        }
    }
}
