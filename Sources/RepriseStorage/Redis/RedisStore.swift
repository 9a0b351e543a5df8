public import Logging
public import NIOCore
public import RepriseCore

/// A store in Redis or Valkey, on one server or spread over a cluster.
public final class RedisStore: EventLoopStore, LeasingStore {
    /// `redis`
    public let kind = "redis"

    /// The bounds of a client.
    public struct Limits: Sendable {
        /// How long a lookup or a lease may wait for its answer.
        public var lookupDeadline = Duration.milliseconds(100)

        /// Makes the default limits.
        public init() {}
    }

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
    ) {}

    /// Reads a text; see ``ResponseStore/load(_:)``.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        throw .unavailable("not connected")
    }

    /// Reads a text; see ``EventLoopStore/load(_:on:)``.
    public func load(
        _ key: CacheKey, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ByteBuffer?> {
        eventLoop.makeFailedFuture(StoreError.unavailable("not connected"))
    }

    /// Stores entries; see ``ResponseStore/save(_:)``.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        throw .unavailable("not connected")
    }

    /// Removes entries; see ``ResponseStore/remove(_:)``.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        throw .unavailable("not connected")
    }

    /// Closes the connections.
    public func close() async {}

    /// Takes a lease; see ``LeasingStore/takeLease(of:for:lasting:)``.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        throw .unavailable("not connected")
    }

    /// Renews a lease; see ``LeasingStore/renewLease(of:for:lasting:)``.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        throw .unavailable("not connected")
    }

    /// Ends a lease; see ``LeasingStore/endLease(of:for:)``.
    public func endLease(of key: CacheKey, for holder: LeaseHolder) async throws(StoreError) {
        throw .unavailable("not connected")
    }

    /// Whether a key is leased; see ``LeasingStore/isLeased(_:)``.
    public func isLeased(_ key: CacheKey) async throws(StoreError) -> Bool {
        throw .unavailable("not connected")
    }
}
