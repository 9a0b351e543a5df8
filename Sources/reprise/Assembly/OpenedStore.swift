import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import RepriseServer
import RepriseStorage

/// The store that the settings name, opened.
struct OpenedStore {
    let tiered: TieredStore
    /// The store as the log and the first line name it.
    let name: String

    /// What a store reaches its server with.
    struct Network {
        let eventLoopGroup: any EventLoopGroup
        let client: HTTPClient
    }

    /// Opens the store.
    ///
    /// - Throws: ``StoreURL/Invalid`` for a name that is none; ``StartError`` for a store that
    ///   cannot be used. A server that is down is no error: the store is tried again.
    init(
        _ settings: ServerSettings, environment: [String: String], network: Network,
        clock: WallClock, _ logger: Logger
    ) throws {
        let url = try StoreURL(settings.store, environment: environment)
        let persistent: (any ResponseStore)?
        let deadline = settings.storeTimeout ?? url.standardTimeout
        switch url {
        case .memory:
            persistent = nil
        case .sqlite(let path):
            persistent = try Self.sqlite(
                path, maxBytes: settings.maxStore, lookupDeadline: deadline, clock: clock, logger)
        case .redis(let address):
            persistent = RedisStore(
                address: address, eventLoopGroup: network.eventLoopGroup,
                limits: .init(lookupDeadline: deadline), clock: clock, logger: logger)
        case .upstash(let access):
            persistent = UpstashStore(
                access: access, limits: .init(settings, lookupDeadline: deadline),
                client: network.client, clock: clock, logger: logger)
        case .workersKV(let access):
            persistent = WorkersKVStore(
                access: access, limits: .init(settings, lookupDeadline: deadline),
                client: network.client, clock: clock)
        }
        if settings.collapsesAcrossServers, !(persistent is any LeasingStore) {
            throw StoreURL.Invalid(
                description: "\(url) cannot tell servers of each other's calls; "
                    + "--collapse-across-servers needs redis:// or upstash:")
        }
        name = persistent == nil ? "memory:" : "\(url)"
        var limits = TieredStore.Limits()
        limits.deadline = deadline
        tiered = TieredStore(
            memory: MemoryTier(
                capacity: settings.memory,
                timeToLive: settings.memoryTTL.seconds(isShared: url.isShared), clock: clock),
            persistent: persistent, name: name, limits: limits, clock: clock, logger: logger)
    }

    /// Opens a SQLite file; nil when the disk is full, which costs caching, not requests.
    private static func sqlite(
        _ path: String, maxBytes: Int64, lookupDeadline: Duration, clock: WallClock,
        _ logger: Logger
    ) throws(StartError) -> SQLiteStore? {
        do {
            return try SQLiteStore(
                path: path, maxBytes: maxBytes, lookupDeadline: lookupDeadline, clock: clock,
                logger: logger)
        } catch .full {
            logger.warning(
                "The disk is full; until the next start responses are kept in memory only.",
                metadata: ["file": "\(path)"])
            return nil
        } catch {
            throw StartError("cannot use the store sqlite:\(path): \(error)")
        }
    }
}

extension StoreURL {
    /// The store that a setting names, or the standard one.
    fileprivate init(_ setting: String?, environment: [String: String]) throws(Invalid) {
        guard let setting else {
            self = try .standard(environment: environment)
            return
        }
        try self.init(
            parsing: setting, environment: environment,
            directory: FileManager.default.currentDirectoryPath)
    }

    /// How long a request waits for the store: a local one, one in the same network, one somewhere
    /// on the Internet.
    fileprivate var standardTimeout: Duration {
        switch self {
        case .memory, .sqlite: .milliseconds(50)
        case .redis: .milliseconds(100)
        case .upstash, .workersKV: .seconds(1)
        }
    }

    /// Whether others write to the store as well.
    fileprivate var isShared: Bool {
        switch self {
        case .memory, .sqlite: false
        case .redis, .upstash, .workersKV: true
        }
    }
}

extension RedisStore.Limits {
    fileprivate init(lookupDeadline: Duration) {
        self.init()
        self.lookupDeadline = lookupDeadline
    }
}

extension RESTLimits {
    /// The limits that follow from the settings.
    fileprivate init(_ settings: ServerSettings, lookupDeadline: Duration) {
        self.init()
        self.lookupDeadline = lookupDeadline
        maximumEntrySize = settings.maxEntry
    }
}
