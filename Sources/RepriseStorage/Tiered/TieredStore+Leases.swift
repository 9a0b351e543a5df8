public import RepriseCore
public import RepriseNetwork
internal import Synchronization

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

    /// Takes the lease of a key; see ``LeasingStore``.
    ///
    /// - Parameter completion: Called once, perhaps before this returns.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (LeaseAnswer) -> Void
    ) {
        ask(on: loop) {
            $0.takeLease(of: key, for: holder, lasting: duration, on: loop, $1)
        } completion: { isTaken in
            switch isTaken {
            case true?: completion(.taken)
            case false?: completion(.held)
            case nil: completion(.unavailable)
            }
        }
    }

    /// Makes a lease last longer; see ``LeasingStore``.
    ///
    /// - Parameter completion: Told false when the lease is lost; true also when the store did not
    ///   answer. Called once, perhaps before this returns.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Bool) -> Void
    ) {
        ask(decides: false, on: loop) {
            $0.renewLease(of: key, for: holder, lasting: duration, on: loop, $1)
        } completion: {
            completion($0 ?? true)
        }
    }

    /// Ends a lease; one that the store does not let end ends by its time.
    public func endLease(of key: CacheKey, for holder: LeaseHolder, on loop: any EventLoop) {
        ask(decides: false, on: loop) {
            $0.endLease(of: key, for: holder, on: loop, $1)
        } completion: { _ in
        }
    }

    /// What the persistent store has for a key.
    public enum Inspection: Sendable {
        /// A whole entry, which is in memory now too.
        case found(StoredResponse)
        /// Nothing.
        case nothing
        /// The store was not asked, or did not answer.
        case failed
    }

    /// Looks into the persistent store though memory may have an older response.
    ///
    /// Finding nothing is not counted, for who waits for an entry asks again and again.
    ///
    /// - Parameter completion: Called once, perhaps before this returns, unless the attempt is
    ///   cancelled.
    /// - Returns: What gives it up; nil when it is over.
    public func inspect(
        _ key: CacheKey, on loop: any EventLoop, _ completion: @escaping (Inspection) -> Void
    ) -> (any LoopAttempt)? {
        guard let persistent else {
            completion(.failed)
            return nil
        }
        let now = loop.wallClock
        let (direction, isAsked) = ledger.withLock { ledger in
            let direction = ledger.beginLookup(key, now: now, isLacking: { false })
            if case .found(let response) = direction { memory.insert(response, for: key) }
            return (direction, ledger.readBreaker.condition == .closed)
        }
        switch direction {
        case .found(let response): completion(.found(response))
        case .absent: completion(isAsked ? .nothing : .failed)
        case .load:
            let lookup = PendingLookup(of: key, in: self, on: loop, countsNothing: false) {
                response, loaded in
                if let response { return completion(.found(response)) }
                if case .failed = loaded { return completion(.failed) }
                completion(.nothing)
            }
            lookup.begin(persistent)
            return lookup
        }
        return nil
    }

    /// Waits until the response that was committed for a key has been written, or is not going to
    /// be soon: it was dropped, or the store fails.
    ///
    /// - Parameters:
    ///   - limit: How long at most.
    ///   - completion: Called once on the loop, perhaps before this returns.
    public func whenWritten(
        _ key: CacheKey, within limit: Duration, on loop: any EventLoop,
        _ completion: @escaping () -> Void
    ) {
        WriteWatch(of: key, in: self, on: loop, completion).begin(within: limit)
    }

    /// Tells those who wait for writes that some have ended.
    func wakeWatchers() {
        for watcher in ledger.withLock({ Array($0.watchers.values) }) { watcher() }
    }

    /// Asks the store about a lease, unless the store fails.
    ///
    /// - Parameter decides: Whether the outcome tells if the store is to be asked again. Where it
    ///   does not, the store is asked only while there is no doubt.
    private func ask(
        decides: Bool = true, on loop: any EventLoop,
        _ call: (any LeasingStore, @escaping (Result<Bool, StoreError>) -> Void) -> Void,
        completion: @escaping (Bool?) -> Void
    ) {
        guard let store = persistent as? any LeasingStore else { return completion(nil) }
        let now = loop.wallClock
        let isAllowed = ledger.withLock { ledger in
            ledger.mayWorkForLeases
                && (decides
                    ? ledger.leaseBreaker.allows(now: now)
                    : ledger.leaseBreaker.condition == .closed)
        }
        guard isAllowed else { return completion(nil) }
        call(store) { [self] result in
            switch result {
            case .success(let answer):
                if decides {
                    report(ledger.withLock { $0.leaseBreaker.succeed() }, of: .leases, nil)
                }
                completion(answer)
            case .failure(let error):
                let now = loop.wallClock
                let change = ledger.withLock { $0.noteLease(error, decides: decides, now: now) }
                report(change, of: .leases, error)
                completion(nil)
            }
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
}
