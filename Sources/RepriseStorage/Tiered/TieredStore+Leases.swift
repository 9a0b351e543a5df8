public import RepriseCore
import Synchronization

extension TieredStore {
    /// Whether the persistent store can tell servers of each other's calls.
    public var isLeasing: Bool { persistent is any LeasingStore }

    /// What came of asking for a lease.
    public enum LeaseAnswer: Sendable {
        /// The holder has it.
        case taken
        /// Another one has it.
        case held
        /// The store was not asked, or did not answer; in the latter case the holder may have it.
        case unavailable
    }

    /// Takes the lease of a key; see ``LeasingStore/takeLease(of:for:lasting:)``.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async -> LeaseAnswer {
        let isTaken = await ask { store throws(StoreError) in
            try await store.takeLease(of: key, for: holder, lasting: duration)
        }
        return switch isTaken {
        case true?: .taken
        case false?: .held
        case nil: .unavailable
        }
    }

    /// Makes a lease last longer; see ``LeasingStore/renewLease(of:for:lasting:)``.
    ///
    /// - Returns: false when the lease is lost; true also when the store did not answer.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async -> Bool {
        await ask(decides: false) { store throws(StoreError) in
            try await store.renewLease(of: key, for: holder, lasting: duration)
        } ?? true
    }

    /// Ends a lease; one that the store does not let end ends by its time.
    public func endLease(of key: CacheKey, for holder: LeaseHolder) async {
        await ask(decides: false) { store throws(StoreError) in
            try await store.endLease(of: key, for: holder)
        }
    }

    /// What the persistent store has for a key.
    public enum Inspection: Sendable {
        /// A whole entry, which is in memory now too.
        case found(CachedResponse)
        /// Nothing.
        case nothing
        /// The store was not asked, or did not answer.
        case failed
    }

    /// Looks into the persistent store though memory may have an older response.
    ///
    /// Finding nothing is not counted, for who waits for an entry asks again and again.
    public func inspect(_ key: CacheKey) async -> Inspection {
        guard let persistent else { return .failed }
        switch begin(key) {
        case .found(let response):
            return .found(response)
        case .absent:
            return ledger.withLock { $0.readBreaker.condition == .closed } ? .nothing : .failed
        case .load:
            let loaded = await load(key, from: persistent)
            if let response = finish(key, loaded, countsNothing: false) { return .found(response) }
            if case .failed = loaded { return .failed }
            return .nothing
        }
    }

    /// Waits until the response that was committed for a key has been written, or is not going to
    /// be soon: it was dropped, or the store fails.
    ///
    /// - Parameter limit: How long at most.
    public func untilWritten(_ key: CacheKey, for limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            // The write and the limit race: whichever is first ends the wait.
            group.addTask { await self.watchWrites { $0.awaitsWrite(of: key) } }
            group.addTask { [clock] in
                // Cancelled when there is nothing left to wait for.
                try? await clock.sleep(limit)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func watchWrites(while isAwaited: (TieredLedger) -> Bool) async {
        let (changes, watcher) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = ledger.withLock { $0.watch(watcher) }
        defer { ledger.withLock { $0.watchers[id] = nil } }
        // The first look is due at once.
        watcher.yield()
        for await _ in changes where !ledger.withLock({ isAwaited($0) }) { return }
    }

    /// Asks the store about a lease, unless the store fails.
    ///
    /// - Parameter decides: Whether the outcome tells if the store is to be asked again. Where it
    ///   does not, the store is asked only while there is no doubt.
    @discardableResult
    private func ask<Answer: Sendable>(
        decides: Bool = true, _ call: (any LeasingStore) async throws(StoreError) -> Answer
    ) async -> Answer? {
        guard let store = persistent as? any LeasingStore else { return nil }
        let now = clock.now()
        let isAllowed = ledger.withLock { ledger in
            ledger.mayWorkForLeases
                && (decides
                    ? ledger.leaseBreaker.allows(now: now)
                    : ledger.leaseBreaker.condition == .closed)
        }
        guard isAllowed else { return nil }
        do throws(StoreError) {
            let answer = try await call(store)
            if decides {
                report(ledger.withLock { $0.leaseBreaker.succeed() }, of: .leases, nil)
            }
            return answer
        } catch {
            let now = clock.now()
            let change = ledger.withLock { $0.noteLease(error, decides: decides, now: now) }
            report(change, of: .leases, error)
            return nil
        }
    }
}

extension TieredLedger {
    /// Whether neither lookups nor writes fail; when they do, it is no use to ask about leases, nor
    /// to say so.
    fileprivate var mayWorkForLeases: Bool {
        readBreaker.condition == .closed && writeBreaker.condition == .closed
    }

    /// Counts a failure, and tells the breaker if it decides.
    fileprivate mutating func noteLease(
        _ error: StoreError, decides: Bool, now: Int64
    ) -> CircuitBreaker.Change? {
        switch error {
        case .cancelled, .full:
            // That the store is full is for the writes to find.
            if decides { leaseBreaker.abandon(now: now) }
            return nil
        case .timedOut:
            counters.persistentTimeouts += 1
        case .unavailable, .corrupt, .incompatible:
            counters.persistentErrors += 1
        }
        return decides ? leaseBreaker.fail(now: now) : nil
    }

    /// Whether a save of a key waits or is under way, and may be expected to be done soon.
    fileprivate func awaitsWrite(of key: CacheKey) -> Bool {
        guard case .save = writes.pending(key) else { return false }
        return writeBreaker.condition != .open
    }

    /// Adds somebody who is told of each batch that ends, and of the writer's end.
    fileprivate mutating func watch(_ watcher: AsyncStream<Void>.Continuation) -> Int {
        if isClosed { watcher.finish() }
        nextWatcher += 1
        watchers[nextWatcher] = watcher
        return nextWatcher
    }
}
