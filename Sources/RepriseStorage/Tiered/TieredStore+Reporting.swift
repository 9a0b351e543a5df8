internal import RepriseLogging

extension TieredStore {
    /// What a persistent store is used for; each is left alone by itself when it fails.
    enum Use {
        case lookups, writes, leases
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
            let message =
                switch use {
                case .lookups: messages.lookupsFail
                case .writes: messages.writesFail
                case .leases: messages.leasesFail
                }
            logger.log(.warning, message, fields(milliseconds))
        case .reopened(let milliseconds):
            logger.log(.debug, messages.stillFails, fields(milliseconds))
        case .closed:
            let message =
                switch use {
                case .lookups: messages.lookupsWork
                case .writes: messages.writesWork
                case .leases: messages.leasesWork
                }
            logger.log(.notice, message, [LogField("store", .text(name))])
        }
    }
}
