public import RepriseCore
public import RepriseLogging
public import RepriseNetwork

/// A store in Redis or Valkey, on one server or spread over a cluster.
///
/// An entry is a string under ``CacheKey/storeName`` that expires when it need not be retained any
/// more; ``PurgeIndex`` tells how entries are found by their labels. Each event loop has a
/// connection of its own for lookups and leases, so that a lookup does not leave the loop that it
/// comes from; all writes go by one other connection, in order. When the server runs out of memory,
/// it evicts entries or refuses them, as its `maxmemory-policy` says.
///
/// A server that is down or hangs makes every call fail within its deadline; connections are made
/// again by themselves.
public final class RedisStore: ResponseStore {
    /// The bounds of a client.
    public struct Limits: Sendable {
        /// How long a lookup or a call about a lease may wait for its answer.
        public var lookupDeadline = Duration.milliseconds(100)
        /// How long any command of a store or a removal may wait for its answer. One call takes at
        /// most twice as long.
        public var writeDeadline = Duration.seconds(4)
        /// How long a connection may take to be made.
        public var connectDeadline = Duration.seconds(3)

        /// Makes the default limits.
        public init() {}
    }

    /// `redis`
    public let kind = "redis"

    let limits: Limits
    let isCluster: Bool
    private let loops: [RedisNodes]
    private let index: RedisPurgeIndex

    /// Makes a store and begins to connect, without waiting for it.
    ///
    /// - Parameters:
    ///   - address: Where the server is, and who to be there.
    ///   - network: The loops that lookups come from; each has connections of its own.
    ///   - limits: The bounds of the client.
    ///   - logger: Is told of what no caller learns.
    public init(
        address: RedisAddress, network: any Network, limits: Limits = Limits(), logger: Logger
    ) {
        self.limits = limits
        isCluster = address.isCluster
        index = RedisPurgeIndex(logger: logger)
        let links = RedisLinks(address, limits: limits)
        loops = network.loops.map { RedisNodes(links, on: $0) }
        for nodes in loops { nodes.loop.post { nodes.connect() } }
    }

    // MARK: - Reading

    /// Reads a text; see ``ResponseStore/load(_:on:_:)``.
    public func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        ask(.get(key), on: loop) { result in
            completion(
                result.flatMap { reply in
                    switch reply {
                    case .bulk(let text): .success(text)
                    case .null: .success(nil)
                    case .simple, .integer, .array, .error:
                        .failure(.corrupt("the server answered GET with no text"))
                    }
                })
        }
    }

    /// Sends a command that somebody on a loop waits for.
    func ask(
        _ command: RedisCommand, on loop: any EventLoop,
        _ completion: @escaping (Result<RESPValue, StoreError>) -> Void
    ) -> any LoopAttempt {
        let answer = AwaitedAnswer(completion)
        guard let nodes = loops.first(where: { $0.loop === loop }) else {
            return LaterAttempt(on: loop) {
                completion(.failure(.unavailable("the store does not know this loop")))
            }
        }
        nodes.send(
            command, for: .lookups, deadline: loop.now + limits.lookupDeadline
        ) { answer.give($0) }
        return answer
    }

    // MARK: - Writing

    /// Stores and removes entries; see ``ResponseStore/write(_:_:)``. Some of it may be done when
    /// it fails.
    public func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        let (nodes, limit, isCluster, index) = (loops[0], limits.writeDeadline, isCluster, index)
        // All by one loop, so that writes reach each server in the order in which they came.
        nodes.loop.post {
            RedisBatch(
                batch, nodes, index: index, isCluster: isCluster, deadline: limit, completion
            ).begin()
        }
    }

    /// Closes the connections; what waits for a reply fails.
    public func close(_ completion: @escaping @Sendable () -> Void) {
        let countdown = Countdown(loops.count, completion)
        for nodes in loops {
            nodes.loop.post {
                nodes.close()
                countdown.step()
            }
        }
    }
}
