import Logging
import RepriseCore
import Synchronization

extension TieredStore {
    /// How a load from the persistent store ended.
    enum Loaded: Sendable {
        case response(CachedResponse)
        case rubbish
        case nothing
        case failed(StoreError)
    }

    /// Asks the persistent store, for as long as the deadline allows.
    func load(_ key: CacheKey, from store: any ResponseStore) async -> Loaded {
        await withTaskGroup(of: Loaded.self) { group in
            group.addTask {
                do throws(StoreError) {
                    guard let text = try await store.load(key) else { return .nothing }
                    guard let response = CachedResponse.decode(text) else { return .rubbish }
                    return .response(response)
                } catch {
                    return .failed(error)
                }
            }
            group.addTask { [clock, limits] in
                do {
                    try await clock.sleep(limits.deadline)
                    return .failed(.timedOut)
                } catch {
                    return .failed(.cancelled)
                }
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failed(.cancelled)
        }
    }

    /// Settles a load with what happened to its key meanwhile.
    func finish(_ key: CacheKey, _ loaded: Loaded) -> CachedResponse? {
        let now = clock.now()
        let (response, change, isRemoved) = ledger.withLock {
            ledger -> (CachedResponse?, CircuitBreaker.Change?, Bool) in
            let change = ledger.note(loaded, now: now)
            switch ledger.endLoad(key) {
            case .committed(let newer): return (newer, change, false)
            case .removed: return (nil, change, false)
            case nil: break
            }
            switch loaded {
            case .response(let response):
                memory.insert(response, for: key)
                return (response, change, false)
            case .rubbish:
                ledger.remove(key)
                return (nil, change, true)
            case .nothing, .failed:
                return (nil, change, false)
            }
        }
        if isRemoved { signal.yield() }
        if case .failed(let error) = loaded { report(change, of: "lookups", error) }
        if case .closed = change { report(change, of: "lookups", nil) }
        return response
    }

    /// Logs that the store is left alone from now on, or asked again.
    func report(_ change: CircuitBreaker.Change?, of what: String, _ error: StoreError?) {
        guard let change, let persistent else { return }
        switch change {
        case .opened(let milliseconds):
            logger.warning(
                "The \(persistent.kind) store fails; \(what) go on without it.",
                metadata: [
                    "error": "\(error.map(\.description) ?? "unknown")",
                    "next-attempt-ms": "\(milliseconds)",
                ])
        case .closed:
            logger.notice("The \(persistent.kind) store works again; \(what) use it.")
        }
    }
}

extension TieredLedger {
    /// Counts how a load ended, and tells the breaker.
    fileprivate mutating func note(
        _ loaded: TieredStore.Loaded, now: Int64
    ) -> CircuitBreaker.Change? {
        switch loaded {
        case .response:
            counters.persistentHits += 1
            return readBreaker.succeed()
        case .nothing:
            counters.persistentMisses += 1
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
