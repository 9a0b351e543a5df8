internal import RepriseCore
internal import RepriseNetwork
internal import Synchronization

/// Somebody on a loop who waits for the write of a committed response.
final class WriteWatch {
    private let key: CacheKey
    private let store: TieredStore
    private let loop: any EventLoop
    private var completion: (() -> Void)?
    private var number: Int?
    private var timer: (any LoopTimer)?

    init(
        of key: CacheKey, in store: TieredStore, on loop: any EventLoop,
        _ completion: @escaping () -> Void
    ) {
        self.key = key
        self.store = store
        self.loop = loop
        self.completion = completion
    }

    /// Waits for so long at most.
    func begin(within limit: Duration) {
        let (loop, bound) = (loop, LoopBound(self, on: loop))
        // Noted before the first look, so that no write ends in between unseen.
        number = store.ledger.withLock { ledger in
            ledger.nextWatcher += 1
            ledger.watchers[ledger.nextWatcher] = { loop.post { bound.value.look() } }
            return ledger.nextWatcher
        }
        timer = loop.schedule(after: limit) { self.finish() }
        look()
    }

    private func look() {
        guard !store.ledger.withLock({ $0.awaitsWrite(of: key) }) else { return }
        finish()
    }

    private func finish() {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        timer = nil
        let watcher = store.ledger.withLock { ledger in
            number.flatMap { ledger.watchers.removeValue(forKey: $0) }
        }
        // What it holds is let go outside of the lock.
        _ = watcher
        completion()
    }
}

extension TieredLedger {
    /// Whether a save of a key waits or is under way, and may be expected to be done soon.
    fileprivate func awaitsWrite(of key: CacheKey) -> Bool {
        guard !isClosed, case .save = writes.pending(key) else { return false }
        return writeBreaker.condition != .open
    }
}
