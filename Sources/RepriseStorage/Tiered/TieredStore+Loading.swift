public import NIOCore
public import RepriseCore
import Synchronization

extension TieredStore {
    /// How a look-up on an event loop goes on, after memory had nothing.
    public enum EventLoopLookup {
        /// The newest response is known here.
        case found(CachedResponse)
        /// The store is being asked. The future does not fail.
        case asked(EventLoopFuture<CachedResponse?>)
        /// The key is not stored, or the store is not asked now.
        case absent
        /// The store cannot be asked on an event loop.
        case unsupported
    }

    /// The response that the persistent store holds for a key, without leaving the event loop; the
    /// same as ``lookup(_:)`` in all else.
    ///
    /// - Parameter eventLoop: The event loop that the caller is on.
    public func lookup(_ key: CacheKey, on eventLoop: any EventLoop) -> EventLoopLookup {
        guard persistent != nil else { return .absent }
        guard let store = eventLoopStore else { return .unsupported }
        switch begin(key) {
        case .found(let response): return .found(response)
        case .absent: return .absent
        case .load: break
        }
        let promise = eventLoop.makePromise(of: CachedResponse?.self)
        store.load(key, on: eventLoop).whenComplete { result in
            let loaded: Loaded =
                switch result {
                case .success(let text): Loaded(text)
                case .failure(let error as StoreError): .failed(error)
                case .failure(let error): .failed(.unavailable("\(error)"))
                }
            promise.succeed(self.finish(key, loaded))
        }
        return .asked(promise.futureResult)
    }

    /// Decides how a look-up goes on that memory could not answer.
    func begin(_ key: CacheKey) -> TieredLedger.Direction {
        let now = clock.now()
        return ledger.withLock { ledger in
            let direction = ledger.beginLookup(key, now: now)
            if case .found(let response) = direction { memory.insert(response, for: key) }
            return direction
        }
    }

    /// How a load from the persistent store ended.
    enum Loaded: Sendable {
        case response(CachedResponse)
        case rubbish
        case nothing
        case failed(StoreError)

        /// What a text in the store comes to.
        init(_ text: ByteBuffer?) {
            guard let text else {
                self = .nothing
                return
            }
            self = CachedResponse.decode(text).map { .response($0) } ?? .rubbish
        }
    }

    /// Asks the persistent store, for as long as the deadline allows.
    func load(_ key: CacheKey, from store: any ResponseStore) async -> Loaded {
        await withTaskGroup(of: Loaded.self) { group in
            // The store and the deadline race: whichever is first decides.
            group.addTask {
                do throws(StoreError) {
                    return Loaded(try await store.load(key))
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
    ///
    /// - Parameter countsNothing: Whether it is a miss when the store has nothing.
    func finish(
        _ key: CacheKey, _ loaded: Loaded, countsNothing: Bool = true
    ) -> CachedResponse? {
        let now = clock.now()
        let (response, change, isRemoved) = ledger.withLock {
            ledger -> (CachedResponse?, CircuitBreaker.Change?, Bool) in
            let change = ledger.note(loaded, countsNothing: countsNothing, now: now)
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
        if case .failed(let error) = loaded { report(change, of: .lookups, error) }
        if case .closed = change { report(change, of: .lookups, nil) }
        return response
    }
}

extension TieredLedger {
    /// Counts how a load ended, and tells the breaker.
    fileprivate mutating func note(
        _ loaded: TieredStore.Loaded, countsNothing: Bool, now: Int64
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
