internal import RepriseCore
internal import RepriseNetwork
internal import Synchronization

extension TieredStore {
    /// Wakes the writer as the ledger decided.
    func wake(_ wakeUp: TieredLedger.WakeUp) {
        switch wakeUp {
        case .none: break
        case .soon: worker?.submit(after: limits.gathering) { [self] in writeQueued() }
        case .now: worker?.submit { [self] in writeQueued() }
        }
    }

    /// Lets the clock tick until the end: it makes upkeep due, and ends calls that take too long.
    func tickLater() {
        worker?.submit(after: limits.upkeepInterval) { [weak self] in
            // A store that nobody holds any more needs no upkeep.
            self?.tick()
        }
    }

    private func tick() {
        let (isClosed, givenUp) = ledger.withLock { ledger -> (Bool, Int?) in
            guard ledger.isWriting else {
                ledger.isUpkeepDue = true
                return (ledger.isClosed, nil)
            }
            ledger.ticksOfCall += 1
            return (ledger.isClosed, ledger.ticksOfCall >= 2 ? ledger.call : nil)
        }
        guard !isClosed else { return }
        tickLater()
        if let givenUp {
            answered(givenUp, .failure(.timedOut))
        } else {
            writeQueued()
        }
    }

    /// Writes the next batch unless one is under way, nothing is to be done, or the store fails.
    ///
    /// While flushing, the store is tried even though its breaker is open.
    func writeQueued() {
        let now = now
        let steps = ledger.withLock { $0.beginBatch(limits: limits, now: now) }
        if let steps {
            perform(steps, outcome: BatchOutcome())
        } else if ledger.withLock({ $0.isClosing && !$0.isWriting }) {
            endFlush()
        }
    }

    /// A batch on its way through the store: removals first, then upkeep, then saves, each a call.
    ///
    /// Not one call, for a store that is full removes and is kept up all the same.
    struct BatchSteps: Sendable {
        var removals: [CacheKey]
        var isUpkeepDue: Bool
        var saves: [(key: CacheKey, response: StoredResponse)]
        /// How many entries the batch saves.
        let count: Int
    }

    /// How a batch ended.
    struct BatchOutcome: Sendable {
        /// Why the saves failed; nil when they did not.
        var saves: StoreError?
        /// Why the removals or the upkeep failed; nil when they did not.
        var others: StoreError?

        /// Why any of it failed.
        var error: StoreError? { saves ?? others }
    }

    private func perform(_ steps: BatchSteps, outcome: BatchOutcome) {
        guard let persistent else { return }
        var (steps, outcome) = (steps, outcome)
        if !steps.removals.isEmpty {
            let batch = steps.removals.map { StoreWrite.remove($0) }
            steps.removals = []
            call({ persistent.write(batch, $0) }) { [self, steps, outcome] error in
                var outcome = outcome
                outcome.others = error
                perform(steps, outcome: outcome)
            }
        } else if steps.isUpkeepDue {
            steps.isUpkeepDue = false
            // A store that has just failed is spared its upkeep.
            guard outcome.others == nil else { return perform(steps, outcome: outcome) }
            call({ persistent.maintain($0) }) { [self, steps, outcome] error in
                var outcome = outcome
                outcome.others = error
                perform(steps, outcome: outcome)
            }
        } else if !steps.saves.isEmpty {
            let batch = steps.saves.map { key, response in
                StoreWrite.save(
                    StoredEntry(
                        key: key, text: response.encoded(), retainedUntil: response.retainedUntil,
                        labels: EntryLabels(response.metadata)))
            }
            steps.saves = []
            call({ persistent.write(batch, $0) }) { [self, steps, outcome] error in
                var outcome = outcome
                outcome.saves = error
                perform(steps, outcome: outcome)
            }
        } else {
            settle(outcome, count: steps.count)
        }
    }

    /// Makes one call of the store. What follows runs on the worker, once: with the store's answer,
    /// or when the clock gives it up.
    private func call(
        _ body: (@escaping @Sendable (Result<Void, StoreError>) -> Void) -> Void,
        then next: @escaping @Sendable (StoreError?) -> Void
    ) {
        let number = ledger.withLock { ledger in
            ledger.call += 1
            ledger.ticksOfCall = 0
            return ledger.call
        }
        pendingCall.withLock { $0 = PendingCall(number: number, next: next) }
        body { [weak self] result in
            guard let self else { return }
            worker?.submit { self.answered(number, result) }
        }
    }

    private func answered(_ number: Int, _ result: Result<Void, StoreError>) {
        let next = pendingCall.withLock { call -> (@Sendable (StoreError?) -> Void)? in
            guard let pending = call, pending.number == number else { return nil }
            call = nil
            return pending.next
        }
        switch result {
        case .success: next?(nil)
        case .failure(let error): next?(error)
        }
    }

    /// Notes how a batch ended, and goes on.
    private func settle(_ outcome: BatchOutcome, count: Int) {
        let now = now
        let (change, wakeUp, isClosing) = ledger.withLock { ledger in
            ledger.isWriting = false
            ledger.writes.finish(
                savesFailed: outcome.saves != nil, removalsFailed: outcome.others != nil)
            let change = ledger.note(outcome, count: count, now: now)
            // A store that has failed is tried again by the clock.
            let wakeUp =
                outcome.error == nil ? ledger.wakeWriter(batch: limits.batchEntries) : .none
            return (change, wakeUp, ledger.isClosing)
        }
        report(change, of: .writes, outcome.error)
        wakeWatchers()
        if !isClosing {
            wake(wakeUp)
        } else if outcome.error == nil {
            writeQueued()
        } else {
            endFlush()
        }
    }

    /// A call of the store that is under way.
    struct PendingCall: Sendable {
        let number: Int
        let next: @Sendable (StoreError?) -> Void
    }
}

extension TieredLedger {
    /// Takes the next batch off the queue, if there is one and the store may be asked.
    fileprivate mutating func beginBatch(
        limits: TieredStore.Limits, now: Int64
    ) -> TieredStore.BatchSteps? {
        wakeUp = .none
        guard !isWriting, !isClosed, isStarted || isClosing,
            writes.count > 0 || isUpkeepDue && !isClosing,
            isClosing || writeBreaker.allows(now: now)
        else { return nil }
        // A probe risks one entry: what a failing batch was to save is dropped.
        let isProbe = !isClosing && writeBreaker.condition == .halfOpen
        let batch = writes.nextBatch(
            entries: limits.batchEntries, saves: isProbe ? 1 : limits.batchEntries,
            bytes: limits.batchBytes)
        defer { isUpkeepDue = false }
        isWriting = true
        return TieredStore.BatchSteps(
            removals: batch.removals, isUpkeepDue: isUpkeepDue, saves: batch.saves,
            count: batch.saves.count)
    }

    /// Counts how a batch ended, and tells the breaker.
    fileprivate mutating func note(
        _ outcome: TieredStore.BatchOutcome, count: Int, now: Int64
    ) -> CircuitBreaker.Change? {
        if outcome.saves == nil { counters.writes += count }
        guard outcome.error != nil else {
            if count > 0 { return writeBreaker.succeed() }
            // That it removes is no proof that it stores.
            writeBreaker.abandon(now: now)
            return nil
        }
        counters.persistentErrors += 1
        return writeBreaker.fail(now: now)
    }
}
