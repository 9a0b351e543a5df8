import Foundation
import Logging
import RepriseServer
import RepriseStorage

/// The store that the settings name, opened.
struct OpenedStore {
    let tiered: TieredStore
    /// The store as the log and the first line name it.
    let name: String

    /// Opens the store.
    ///
    /// - Throws: ``StoreURL/Invalid`` for a name that is none; ``StartError`` for a store that
    ///   cannot be used.
    init(
        _ settings: ServerSettings, environment: [String: String], clock: WallClock,
        _ logger: Logger
    ) throws {
        let url =
            if let text = settings.store {
                try StoreURL(
                    parsing: text, environment: environment,
                    directory: FileManager.default.currentDirectoryPath)
            } else {
                try StoreURL.standard(environment: environment)
            }
        let persistent: (any ResponseStore)?
        switch url {
        case .memory:
            name = "memory:"
            persistent = nil
        case .sqlite(let path):
            do {
                persistent = try SQLiteStore(
                    path: path, maxBytes: settings.maxStore, clock: clock, logger: logger)
                name = "sqlite:\(path)"
            } catch .full {
                // A full disk costs caching, not requests.
                logger.warning(
                    "The disk is full; until the next start responses are kept in memory only.",
                    metadata: ["file": "\(path)"])
                persistent = nil
                name = "memory:"
            } catch {
                throw StartError("cannot use the store sqlite:\(path): \(error)")
            }
        }
        tiered = TieredStore(
            memory: MemoryTier(
                capacity: settings.memory, timeToLive: settings.memoryTTL, clock: clock),
            persistent: persistent, clock: clock, logger: logger)
    }
}
