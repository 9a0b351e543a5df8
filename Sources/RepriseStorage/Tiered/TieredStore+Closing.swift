internal import RepriseLogging
internal import RepriseNetwork
internal import Synchronization

extension TieredStore {
    /// Who waits for the end, and how far it has come.
    struct Ending: Sendable {
        /// How far the end has come; each stage is entered once.
        enum Stage: Int, Sendable, Comparable {
            case running, flushing, closing, closed

            static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
        }

        var stage = Stage.running
        var unwritten = 0
        var completions: [@Sendable (Int) -> Void] = []

        /// Enters a stage.
        ///
        /// - Returns: false when it has been entered before.
        mutating func enter(_ next: Stage) -> Bool {
            guard next > stage else { return false }
            stage = next
            return true
        }
    }

    /// How long the persistent store may take to close after the flush.
    private static var closingLimit: Duration { .seconds(2) }

    /// Writes what is queued, even to a store that has failed, closes the persistent store and ends
    /// the writer's thread.
    ///
    /// - Parameters:
    ///   - limit: How long writing may go on. The store's closing may add two seconds.
    ///   - completion: Called once on any thread, with how many entries and removals were not
    ///     written.
    public func close(
        within limit: Duration, _ completion: @escaping @Sendable (_ unwritten: Int) -> Void
    ) {
        guard let worker else { return completion(0) }
        let (isFirst, unwritten) = ending.withLock { ending -> (Bool, Int?) in
            if ending.stage == .closed { return (false, ending.unwritten) }
            ending.completions.append(completion)
            return (ending.enter(.flushing), nil)
        }
        if let unwritten { return completion(unwritten) }
        guard isFirst else { return }
        ledger.withLock { $0.isClosing = true }
        worker.submit(after: limit) { [self] in endFlush() }
        worker.submit { [self] in writeQueued() }
    }

    /// Ends writing; on the worker.
    func endFlush() {
        guard let persistent, ending.withLock({ $0.enter(.closing) }) else { return }
        let unwritten = ledger.withLock { ledger in
            ledger.isClosed = true
            return ledger.writes.count + ledger.writes.countUnderWay
        }
        wakeWatchers()
        if unwritten > 0 {
            logger.log(
                .warning, "Entries were left unwritten.",
                [LogField("entries", .integer(Int64(unwritten)))])
        }
        ending.withLock { $0.unwritten = unwritten }
        // Held until then, for nobody else may hold it any more.
        persistent.close { [self] in end() }
        worker?.submit(after: Self.closingLimit) { [self] in end() }
    }

    private func end() {
        let (completions, unwritten) = ending.withLock { ending in
            guard ending.enter(.closed) else { return ([@Sendable (Int) -> Void](), 0) }
            defer { ending.completions = [] }
            return (ending.completions, ending.unwritten)
        }
        guard !completions.isEmpty else { return }
        worker?.stop()
        for completion in completions { completion(unwritten) }
    }
}
