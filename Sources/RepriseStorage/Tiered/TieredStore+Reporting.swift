import Logging

extension TieredStore {
    /// What a persistent store is used for; each is left alone by itself when it fails.
    enum Use: String {
        case lookups, writes, leases
    }

    /// Logs that the store is left alone from now on, or asked again.
    ///
    /// One line for each change: that it still fails is no news.
    func report(_ change: CircuitBreaker.Change?, of use: Use, _ error: StoreError?) {
        guard let change, let persistent else { return }
        switch change {
        case .opened(let milliseconds):
            logger.warning(
                "The \(persistent.kind) store fails; \(use.whileItFails).",
                metadata: [
                    "store": "\(name)",
                    "error": "\(error.map(\.description) ?? "unknown")",
                    "next-attempt-ms": "\(milliseconds)",
                ])
        case .reopened(let milliseconds):
            logger.debug(
                "The \(persistent.kind) store still fails; \(use.whileItFails).",
                metadata: [
                    "store": "\(name)",
                    "error": "\(error.map(\.description) ?? "unknown")",
                    "next-attempt-ms": "\(milliseconds)",
                ])
        case .closed:
            logger.notice(
                "The \(persistent.kind) store works again; \(use) use it.",
                metadata: ["store": "\(name)"])
        }
    }
}

extension TieredStore.Use {
    /// What happens meanwhile.
    fileprivate var whileItFails: String {
        switch self {
        case .lookups: "lookups go on without it"
        case .writes: "responses wait in memory to be written, as far as there is room"
        case .leases: "each server makes its own upstream calls"
        }
    }
}
