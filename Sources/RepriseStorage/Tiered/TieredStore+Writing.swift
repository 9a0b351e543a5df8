import Logging
import RepriseCore
import ServiceLifecycle
import Synchronization

extension TieredStore {
    /// The writer: one batch at a time, woken by commits and by the clock.
    func write() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                // The clock runs beside the writing, and ends with it.
                group.addTask { await self.wakeRegularly() }
                for await _ in signals { await writeQueued() }
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            let end = self.clock.now() + self.limits.flushDeadline.milliseconds
            self.ledger.withLock { $0.flushEnd = $0.flushEnd ?? end }
            self.signal.finish()
        }
        await writeQueued()
        let (left, watchers) = ledger.withLock { ledger in
            ledger.isClosed = true
            return (ledger.writes.count, ledger.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
        if left > 0 {
            logger.warning("Entries were left unwritten.", metadata: ["entries": "\(left)"])
        }
        await persistent?.close()
    }

    private func wakeRegularly() async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(limits.upkeepInterval)
            } catch {
                return
            }
            ledger.withLock { $0.isUpkeepDue = true }
            signal.yield()
        }
    }

    /// Writes batches until nothing is queued, the store fails, or the time for flushing is over.
    ///
    /// While flushing, the store is tried even though its breaker is open.
    private func writeQueued() async {
        guard let persistent else { return }
        while true {
            let now = clock.now()
            let (batch, isUpkeepDue) = ledger.withLock { ledger -> (WriteBehind.Batch, Bool) in
                guard ledger.writes.count > 0 || ledger.isUpkeepDue,
                    ledger.flushEnd.map({ now < $0 }) ?? ledger.writeBreaker.allows(now: now)
                else { return (WriteBehind.Batch(), false) }
                let isUpkeepDue = ledger.isUpkeepDue
                ledger.isUpkeepDue = false
                // A probe risks one entry: what a failing batch was to save is dropped.
                let isProbe = ledger.flushEnd == nil && ledger.writeBreaker.condition == .halfOpen
                let batch = ledger.writes.nextBatch(
                    entries: limits.batchEntries, saves: isProbe ? 1 : limits.batchEntries,
                    bytes: limits.batchBytes)
                return (batch, isUpkeepDue)
            }
            if batch.isEmpty, !isUpkeepDue { return }
            let outcome = await perform(batch, upkeep: isUpkeepDue, on: persistent)
            guard settle(outcome, count: batch.saves.count) else { return }
        }
    }

    /// How a batch ended.
    fileprivate struct BatchOutcome {
        /// Why the saves failed; nil when they did not.
        var saves: StoreError?
        /// Why the removals or the upkeep failed; nil when they did not.
        var others: StoreError?

        /// Why any of it failed.
        var error: StoreError? { saves ?? others }
    }

    private func perform(
        _ batch: WriteBehind.Batch, upkeep: Bool, on store: any ResponseStore
    ) async -> BatchOutcome {
        var outcome = BatchOutcome()
        do throws(StoreError) {
            if !batch.removals.isEmpty { try await store.remove(batch.removals) }
            if upkeep { try await store.maintain() }
        } catch {
            outcome.others = error
        }
        guard !batch.saves.isEmpty else { return outcome }
        let entries = batch.saves.map { key, response in
            StoredEntry(
                key: key, text: response.encoded(), retainedUntil: response.retainedUntil,
                labels: EntryLabels(response.metadata))
        }
        do throws(StoreError) {
            try await store.save(entries)
        } catch {
            outcome.saves = error
        }
        return outcome
    }

    /// Notes how a batch ended.
    ///
    /// - Returns: Whether the next batch may follow at once.
    private func settle(_ outcome: BatchOutcome, count: Int) -> Bool {
        let now = clock.now()
        let error = outcome.error
        let (change, watchers) = ledger.withLock { ledger in
            ledger.writes.finish(
                savesFailed: outcome.saves != nil, removalsFailed: outcome.others != nil)
            return (ledger.note(outcome, count: count, now: now), ledger.watchers.values)
        }
        for watcher in watchers { watcher.yield() }
        report(change, of: .writes, error)
        return error == nil
    }
}

extension TieredLedger {
    /// Counts how a batch ended, and tells the breaker.
    fileprivate mutating func note(
        _ outcome: TieredStore.BatchOutcome, count: Int, now: Int64
    ) -> CircuitBreaker.Change? {
        if outcome.saves == nil { counters.writes += count }
        guard outcome.error != nil else {
            if count > 0 { return writeBreaker.succeed() }
            // A store that is full removes and is kept up all the same.
            writeBreaker.abandon(now: now)
            return nil
        }
        counters.persistentErrors += 1
        return writeBreaker.fail(now: now)
    }
}

extension Duration {
    /// The duration in whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

extension CachedResponse {
    /// Until when a store keeps the response, in milliseconds since the epoch; nil for ever.
    var retainedUntil: Int64? {
        Freshness.retainedUntil(storedAt: metadata.storedAt, ttl: metadata.ttl)
    }
}
