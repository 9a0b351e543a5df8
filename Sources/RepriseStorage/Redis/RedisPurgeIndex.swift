internal import RepriseCore
internal import RepriseLogging
internal import Synchronization

/// The upkeep of the index by which purging by label finds entries, and what is known of its
/// working: entries are stored without it when the server refuses it.
final class RedisPurgeIndex: Sendable {
    private let script = Array(PurgeIndex.script.description.utf8)
    private let logger: Logger
    /// Why entries are stored without their index, if they are.
    private let failure = Mutex<StoreError?>(nil)

    /// Makes the upkeep of a store that is taken to allow it.
    init(logger: Logger) {
        self.logger = logger
    }

    /// The commands that note the labels of entries that are about to be stored.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    func commands(for entries: [StoredEntry], now: Int64) -> [RedisCommand] {
        PurgeIndexUpdate.updates(for: entries, now: now).map {
            RedisCommand.run(script, key: $0.name, arguments: $0.arguments)
        }
    }

    /// Logs that the index is not kept, or kept again, when that changes.
    ///
    /// - Parameters:
    ///   - count: How many commands were sent for it.
    ///   - error: Why one of them failed; nil when none did.
    func note(_ error: StoreError?, of count: Int) {
        guard count > 0 else { return }
        let (isNew, isOver) = failure.withLock { known in
            defer { known = error }
            return (known == nil && error != nil, known != nil && error == nil)
        }
        if let error, isNew {
            logger.log(
                .warning, "Entries are stored without the index that purging by label needs.",
                [LogField("error", .text("\(error)"))])
        }
        if isOver { logger.log(.notice, "Entries are stored with their index again.", []) }
    }
}
