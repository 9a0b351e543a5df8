import RepriseLogging
import RepriseNetwork
import RepriseStorage

/// The persistent store that the settings name, opened.
struct OpenedStore {
    /// The store; nil for memory alone.
    let persistent: (any ResponseStore)?
    /// The store as the log and the first line name it.
    let name: String

    /// Opens the store.
    ///
    /// - Parameter proxies: Which calls of a store with a REST API go through which proxy.
    /// - Throws: For a store that cannot be used. A server that cannot be reached is none: it is
    ///   tried again.
    init(
        _ settings: ServerSettings, network: any Network, proxies: ProxyConfiguration,
        logger: Logger
    ) throws(StartError) {
        let store = settings.store ?? .memory
        let timeout = settings.storeTimeout ?? store.standardTimeout
        switch store {
        case .memory:
            persistent = nil
        case .sqlite(let path):
            persistent = try Self.sqlite(path, settings.maxStore, network, logger)
        case .redis(let address):
            var limits = RedisStore.Limits()
            limits.lookupDeadline = timeout
            persistent = RedisStore(
                address: address, network: network, limits: limits, logger: logger)
        case .upstash(let access):
            persistent = UpstashStore(
                access: access, limits: Self.limits(settings, timeout), network: network,
                makeClient: try Self.clients(proxies), logger: logger)
        case .workersKV(let access):
            persistent = WorkersKVStore(
                access: access, limits: Self.limits(settings, timeout), network: network,
                makeClient: try Self.clients(proxies))
        }
        name = persistent == nil ? "memory:" : store.name
    }

    private static func limits(_ settings: ServerSettings, _ timeout: Duration) -> RESTLimits {
        var limits = RESTLimits()
        // A late answer keeps its connection, though the lookup is over.
        limits.lookupDeadline = timeout * 2
        limits.maximumEntrySize = Int(clamping: settings.maxEntry)
        return limits
    }

    /// What makes the HTTP client of a loop for a store.
    private static func clients(
        _ proxies: ProxyConfiguration
    ) throws(StartError) -> @Sendable (any EventLoop) -> HTTPClient {
        let context: TLSContext
        do throws(TLSContextError) {
            context = try TLSContext.client()
        } catch {
            throw StartError("the store cannot be called over TLS: \(error)")
        }
        return { loop in
            var configuration = HTTPClient.Configuration { stream, host, deadline, done in
                TLSStream.connect(
                    over: stream, context: context, host: host, applicationProtocols: ["http/1.1"],
                    deadline: deadline, completion: done)
            }
            configuration.proxies = proxies
            return HTTPClient(loop: loop, configuration: configuration)
        }
    }

    /// Opens a SQLite file; nil when the disk is full, which costs caching, not requests.
    private static func sqlite(
        _ path: String, _ maxBytes: Int64, _ network: any Network, _ logger: Logger
    ) throws(StartError) -> SQLiteStore? {
        do {
            return try SQLiteStore(
                path: path, maxBytes: maxBytes, network: network, logger: logger)
        } catch .full {
            logger.log(
                .warning,
                "The disk is full; until the next start responses are kept in memory only.",
                [LogField("file", .text(path))])
            return nil
        } catch {
            throw StartError("cannot use the store sqlite:\(path): \(error)")
        }
    }
}
