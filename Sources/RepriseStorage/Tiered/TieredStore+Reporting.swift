internal import RepriseLogging

extension TieredStore {
    /// What a persistent store is used for; each is left alone by itself when it fails.
    enum Use {
        case lookups, writes
    }

    /// Logs that the store is left alone from now on, or asked again.
    ///
    /// One line for each change: that it still fails is no news.
    func report(_ change: CircuitBreaker.Change?, of use: Use, _ error: StoreError?) {
        guard let change, let persistent else { return }
        let messages = StoreMessages(kind: persistent.kind)
        func fields(_ milliseconds: Int64) -> [LogField] {
            [
                LogField("store", .text(name)),
                LogField("error", .text(error.map(\.description) ?? "unknown")),
                LogField("next-attempt-ms", .integer(milliseconds)),
            ]
        }
        switch change {
        case .opened(let milliseconds):
            let message = use == .lookups ? messages.lookupsFail : messages.writesFail
            logger.log(.warning, message, fields(milliseconds))
        case .reopened(let milliseconds):
            logger.log(.debug, messages.stillFails, fields(milliseconds))
        case .closed:
            let message = use == .lookups ? messages.lookupsWork : messages.writesWork
            logger.log(.notice, message, [LogField("store", .text(name))])
        }
    }
}
