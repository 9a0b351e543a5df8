public import Logging
public import NIOCore
public import RepriseCore
import Synchronization

/// A store in Redis or Valkey, on one server or spread over a cluster.
///
/// An entry is a string under ``CacheKey/storeName`` that expires when it need not be retained any
/// more; ``PurgeIndex`` tells how entries are found by their labels. Each event loop has connections
/// of its own, so that a lookup does not leave the event loop that it comes from. When the server
/// runs out of memory, it evicts entries or refuses them, as its `maxmemory-policy` says.
///
/// A server that is down or hangs makes every call fail within its deadline; connections are made
/// again by themselves.
public final class RedisStore: EventLoopStore {
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
    private let address: RedisAddress
    private let loops: [RedisNodes]
    private let clock: WallClock
    private let logger: Logger
    private let script = ByteBuffer(string: PurgeIndex.script.description)
    /// Why entries are stored without their index, if they are.
    private let indexFailure = Mutex<StoreError?>(nil)

    /// How many entries are stored in one go.
    private static let entriesAtOnce = 32
    /// How many keys are removed in one go.
    private static let keysAtOnce = 1024

    /// Makes a store and begins to connect, without waiting for it.
    ///
    /// - Parameters:
    ///   - address: Where the server is, and who to be there.
    ///   - eventLoopGroup: The event loops that lookups come from; each has connections of its own.
    ///   - limits: The bounds of the client.
    ///   - clock: Tells how long entries are to be retained.
    ///   - logger: Is told of what no caller learns.
    public init(
        address: RedisAddress, eventLoopGroup: any EventLoopGroup, limits: Limits = Limits(),
        clock: WallClock = .system, logger: Logger
    ) {
        self.address = address
        self.limits = limits
        self.clock = clock
        self.logger = logger
        let links = RedisLinks(address, limits: limits)
        loops = eventLoopGroup.makeIterator().map { RedisNodes(links, on: $0) }
        for nodes in loops { nodes.eventLoop.execute { nodes.connect() } }
    }

    // MARK: - Reading

    /// Reads a text on one of the store's event loops; see ``EventLoopStore/load(_:on:)``.
    public func load(
        _ key: CacheKey, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ByteBuffer?> {
        let deadline = NIODeadline.now() + TimeAmount(limits.lookupDeadline)
        guard let nodes = loops.first(where: { $0.eventLoop === eventLoop }) else {
            let nodes = anyNodes
            return nodes.eventLoop.flatSubmit { nodes.get(key, deadline: deadline) }
                .hop(to: eventLoop)
        }
        guard eventLoop.inEventLoop else {
            return eventLoop.flatSubmit { nodes.get(key, deadline: deadline) }
        }
        return nodes.get(key, deadline: deadline)
    }

    /// Reads a text; see ``ResponseStore/load(_:)``.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        let answer = OneAnswer<ByteBuffer?>()
        load(key, on: anyNodes.eventLoop).whenComplete { result in
            answer.give(result.mapError { Self.storeError($0) })
        }
        return try await answer.takeUnlessCancelled()
    }

    /// The connections of this event loop if it is one of the store's, else those of any.
    private var anyNodes: RedisNodes {
        loops.first { $0.eventLoop.inEventLoop } ?? loops[Int.random(in: loops.indices)]
    }

    // MARK: - Writing

    /// Stores entries; see ``ResponseStore/save(_:)``. Some may be stored when it fails.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        let start = NIODeadline.now()
        for first in stride(from: 0, to: entries.count, by: Self.entriesAtOnce) {
            // What has begun takes one deadline more.
            try checkTime(since: start)
            let now = clock.now()
            let batch = entries[first..<min(entries.count, first + Self.entriesAtOnce)]
            let index = PurgeIndexUpdate.updates(for: Array(batch), now: now).map {
                RedisCommand.run(script, key: $0.name, arguments: $0.arguments)
            }
            let texts = batch.map { RedisCommand.set($0, now: now) }
            if address.isCluster {
                // On several nodes nothing but the replies tells what came first.
                note(await write(index, [], within: limits.writeDeadline / 2).first)
                let results = await write([], texts, within: limits.writeDeadline / 2)
                try Self.throwFirst(of: results.second)
            } else {
                let results = await write(index, texts, within: limits.writeDeadline)
                note(results.first)
                try Self.throwFirst(of: results.second)
            }
        }
    }

    /// Removes entries; see ``ResponseStore/remove(_:)``.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        let start = NIODeadline.now()
        for first in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
            try checkTime(since: start)
            let batch = keys[first..<min(keys.count, first + Self.keysAtOnce)]
            let commands = batch.map { RedisCommand.about($0.storeName, "DEL") }
            let results = await write([], commands, within: limits.writeDeadline)
            try Self.throwFirst(of: results.second)
        }
    }

    private func checkTime(since start: NIODeadline) throws(StoreError) {
        guard NIODeadline.now() < start + TimeAmount(limits.writeDeadline) else { throw .timedOut }
    }

    private typealias Results = [Result<RESPValue, any Error>]

    /// Sends commands, the first ones before the second ones, and waits for all replies.
    ///
    /// All writes go by one event loop, so that they reach each server in the order in which they
    /// were asked for.
    private func write(
        _ first: [RedisCommand], _ second: [RedisCommand], within deadline: Duration
    ) async -> (first: Results, second: Results) {
        let nodes = loops[0]
        let deadline = NIODeadline.now() + TimeAmount(deadline)
        let all = nodes.eventLoop.flatSubmit {
            EventLoopFuture.whenAllComplete(
                (first + second).map { nodes.send($0, for: .writes, deadline: deadline) },
                on: nodes.eventLoop)
        }
        do {
            let results = try await all.get()
            return (Array(results.prefix(first.count)), Array(results.dropFirst(first.count)))
        } catch {
            // Only an event loop that is shut down brings this about.
            return (first.map { _ in .failure(error) }, second.map { _ in .failure(error) })
        }
    }

    private static func throwFirst(of results: Results) throws(StoreError) {
        for case .failure(let error) in results { throw storeError(error) }
    }

    static func storeError(_ error: any Error) -> StoreError {
        error as? StoreError ?? .unavailable("the event loop of the store has ended")
    }

    /// Logs that the index is not kept, or kept again, when that changes.
    private func note(_ results: Results) {
        guard !results.isEmpty else { return }
        var failure: StoreError?
        for case .failure(let error) in results { failure = Self.storeError(error) }
        let (isNew, isOver) = indexFailure.withLock { known in
            defer { known = failure }
            return (known == nil && failure != nil, known != nil && failure == nil)
        }
        if let failure, isNew {
            logger.warning(
                "Entries are stored without the index that purging by label needs.",
                metadata: ["error": "\(failure)"])
        }
        if isOver { logger.notice("Entries are stored with their index again.") }
    }

    // MARK: - Leases and the end

    /// Sends a command that somebody waits for, from any event loop.
    func ask(_ command: RedisCommand) async throws(StoreError) -> RESPValue {
        let nodes = anyNodes
        let deadline = NIODeadline.now() + TimeAmount(limits.lookupDeadline)
        do {
            return try await nodes.eventLoop.flatSubmit {
                nodes.send(command, for: .lookups, deadline: deadline)
            }.get()
        } catch {
            throw Self.storeError(error)
        }
    }

    /// Closes the connections; what waits for a reply fails.
    public func close() async {
        for nodes in loops {
            // An event loop that has been shut down has closed its connections.
            try? await nodes.eventLoop.submit { nodes.close() }.get()
        }
    }
}
