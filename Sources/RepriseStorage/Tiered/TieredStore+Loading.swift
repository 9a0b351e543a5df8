public import RepriseCore
public import RepriseNetwork
internal import Synchronization

extension TieredStore {
    /// The response that memory or the persistent store holds for a key.
    ///
    /// A store that is down, slow or holds rubbish is a miss. Whether the response is still fresh
    /// is for the caller to judge.
    ///
    /// - Parameters:
    ///   - key: The key to look for.
    ///   - loop: The loop that the caller is on.
    ///   - completion: Called once on the loop in a later turn, and only if this returns
    ///     ``Lookup/pending(_:)`` and the attempt is not cancelled.
    public func lookUp(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (StoredResponse?) -> Void
    ) -> Lookup {
        if let response = memory.response(for: key) { return .found(response) }
        guard let persistent else { return .absent }
        let now = loop.wallClock
        let direction = ledger.withLock { ledger in
            let direction = ledger.beginLookup(
                key, now: now, isLacking: { persistent.certainlyLacks(key) })
            if case .found(let response) = direction { memory.insert(response, for: key) }
            return direction
        }
        switch direction {
        case .found(let response): return .found(response)
        case .absent: return .absent
        case .load: break
        }
        let lookup = PendingLookup(of: key, in: self, on: loop) { response, _ in
            completion(response)
        }
        lookup.begin(persistent)
        return .pending(lookup)
    }

    /// How a load from the persistent store ended.
    enum Loaded: Sendable {
        case response(StoredResponse)
        case rubbish
        case nothing
        case failed(StoreError)

        /// What a text in the store comes to.
        init(_ text: [UInt8]) {
            self = StoredResponse.decode(text.span).map { .response($0) } ?? .rubbish
        }
    }

    /// Settles a load with what happened to its key meanwhile.
    func finish(
        _ key: CacheKey, _ loaded: Loaded, now: Int64, countsNothing: Bool = true
    ) -> StoredResponse? {
        let (response, change, wakeUp) = ledger.withLock {
            ledger -> (StoredResponse?, CircuitBreaker.Change?, TieredLedger.WakeUp) in
            let change = ledger.note(loaded, now: now, countsNothing: countsNothing)
            switch ledger.endLoad(key) {
            case .committed(let newer): return (newer, change, .none)
            case .removed: return (nil, change, .none)
            case nil: break
            }
            switch loaded {
            case .response(let response):
                memory.insert(response, for: key)
                return (response, change, .none)
            case .rubbish:
                ledger.remove(key)
                return (nil, change, ledger.wakeWriter(batch: limits.batchEntries))
            case .nothing, .failed:
                return (nil, change, .none)
            }
        }
        wake(wakeUp)
        if case .failed(let error) = loaded { report(change, of: .lookups, error) }
        if case .closed = change { report(change, of: .lookups, nil) }
        return response
    }
}

extension TieredLedger {
    /// Counts how a load ended, and tells the breaker.
    fileprivate mutating func note(
        _ loaded: TieredStore.Loaded, now: Int64, countsNothing: Bool
    ) -> CircuitBreaker.Change? {
        switch loaded {
        case .response:
            counters.persistentHits += 1
            return readBreaker.succeed()
        case .nothing:
            if countsNothing { counters.persistentMisses += 1 }
            return readBreaker.succeed()
        case .rubbish:
            counters.persistentCorrupt += 1
            return readBreaker.succeed()
        case .failed(.cancelled):
            readBreaker.abandon(now: now)
            return nil
        case .failed(.timedOut):
            counters.persistentTimeouts += 1
            return readBreaker.fail(now: now)
        case .failed:
            counters.persistentErrors += 1
            return readBreaker.fail(now: now)
        }
    }
}
