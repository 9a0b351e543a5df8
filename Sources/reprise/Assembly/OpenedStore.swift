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
        var limits = TieredStore.Limits()
        switch url {
        case .memory:
            persistent = nil
        case .sqlite(let path):
            persistent = try Self.sqlite(path, maxBytes: settings.maxStore, clock: clock, logger)
        case .redis(let address):
            limits.deadline = .milliseconds(100)
            persistent = RedisStore(
                address: address, eventLoopGroup: network.eventLoopGroup, clock: clock,
                logger: logger)
        case .upstash, .workersKV:
            limits.deadline = .milliseconds(100)
            persistent = nil
        }
        name = persistent == nil ? "memory:" : "\(url)"
        tiered = TieredStore(
            memory: MemoryTier(
                capacity: settings.memory, timeToLive: settings.memoryTTL, clock: clock),
            persistent: persistent, limits: limits, clock: clock, logger: logger)
    }

    /// Opens a SQLite file; nil when the disk is full, which costs caching, not requests.
    private static func sqlite(
        _ path: String, maxBytes: Int64, clock: WallClock, _ logger: Logger
    ) throws(StartError) -> SQLiteStore? {
        do {
            return try SQLiteStore(path: path, maxBytes: maxBytes, clock: clock, logger: logger)
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
}
