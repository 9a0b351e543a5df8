internal import RepriseCore
internal import RepriseNetwork

/// A lookup that waits for the persistent store, on its loop.
///
/// The store's answer, the deadline and a cancellation race; the first one settles it.
final class PendingLookup: LoopAttempt {
    private let key: CacheKey
    private let store: TieredStore
    private let loop: any EventLoop
    /// nil once settled.
    private var completion: ((StoredResponse?, TieredStore.Loaded) -> Void)?
    private let countsNothing: Bool
    private var load: (any LoopAttempt)?
    private var deadline: (any LoopTimer)?

    /// From how many bytes on a text takes too long to decode on a loop.
    private static let longText = 64 << 10

    /// Makes a lookup that is not begun.
    ///
    /// - Parameters:
    ///   - countsNothing: Whether it counts as a miss that the store has nothing.
    ///   - completion: Gets what answers the lookup, and what the store said.
    init(
        of key: CacheKey, in store: TieredStore, on loop: any EventLoop, countsNothing: Bool = true,
        _ completion: @escaping (StoredResponse?, TieredStore.Loaded) -> Void
    ) {
        self.countsNothing = countsNothing
        self.key = key
        self.store = store
        self.loop = loop
        self.completion = completion
    }

    /// Asks the store.
    func begin(_ persistent: any ResponseStore) {
        deadline = loop.schedule(after: store.limits.deadline) { [self] in
            deadline = nil
            settle(.failed(.timedOut))
        }
        let attempt = persistent.load(key, on: loop) { [self] result in
            load = nil
            answered(result)
        }
        if completion == nil { attempt.cancel() } else { load = attempt }
    }

    /// Gives the lookup up, which says nothing about the store.
    func cancel() {
        guard completion != nil else { return }
        completion = { _, _ in }
        settle(.failed(.cancelled))
    }

    private func answered(_ result: Result<[UInt8]?, StoreError>) {
        switch result {
        case .failure(let error): settle(.failed(error))
        case .success(nil): settle(.nothing)
        case .success(let text?):
            guard text.count >= Self.longText, let worker = store.worker else {
                return settle(TieredStore.Loaded(text))
            }
            let (loop, bound) = (loop, LoopBound(self, on: loop))
            worker.submit {
                let loaded = TieredStore.Loaded(text)
                loop.post { bound.value.settle(loaded) }
            }
        }
    }

    private func settle(_ loaded: TieredStore.Loaded) {
        guard let completion else { return }
        self.completion = nil
        deadline?.cancel()
        deadline = nil
        load?.cancel()
        load = nil
        let response = store.finish(
            key, loaded, now: loop.wallClock, countsNothing: countsNothing)
        completion(response, loaded)
    }
}
