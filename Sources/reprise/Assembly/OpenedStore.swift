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
    /// - Throws: For a store that cannot be used.
    init(
        _ settings: ServerSettings, network: any Network, logger: Logger
    ) throws(StartError) {
        guard case .sqlite(let path) = settings.store else {
            persistent = nil
            name = "memory:"
            return
        }
        persistent = try Self.sqlite(path, settings.maxStore, network, logger)
        name = persistent == nil ? "memory:" : settings.store?.name ?? "sqlite:"
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
