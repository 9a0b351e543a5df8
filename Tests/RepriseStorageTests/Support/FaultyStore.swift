import RepriseCore
import RepriseNetwork
import RepriseStorage
import Synchronization

/// A store in memory that fails in the way a test asks for.
final class FaultyStore: ResponseStore {
    /// How calls go.
    enum Behaviour: Sendable {
        /// As they should.
        case works
        /// They fail with ``StoreError/unavailable(_:)``.
        case down
        /// They fail with ``StoreError/full``; removals work.
        case full
        /// They go on only after ``FaultyStore/release()``. A load reads before it waits.
        case hangs
    }

    private struct State: Sendable {
        var texts: [CacheKey: [UInt8]] = [:]
        var loads = Behaviour.works
        var writes = Behaviour.works
        var knowsMisses = false
        var hanging: [@Sendable () -> Void] = []
        var counts = Counts()
    }

    /// What has been asked for so far.
    struct Counts: Sendable {
        var loads = 0
        var cancelled = 0
        var saves = 0
        var removals = 0
        var upkeeps = 0
        var largestSave = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    let kind: String

    init(kind: String = "sqlite") {
        self.kind = kind
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// How loads go from now on.
    func setLoads(_ behaviour: Behaviour) { state.withLock { $0.loads = behaviour } }

    /// How saves, removals and upkeep go from now on.
    func setWrites(_ behaviour: Behaviour) { state.withLock { $0.writes = behaviour } }

    /// Whether misses are known without a load.
    func setKnowsMisses() { state.withLock { $0.knowsMisses = true } }

    /// Lets every call that hangs go on.
    func release() {
        let hanging = state.withLock { state in
            defer { state.hanging = [] }
            return state.hanging
        }
        for action in hanging { action() }
    }

    /// What is stored under a key, read past all faults.
    func text(_ key: CacheKey) -> [UInt8]? { state.withLock { $0.texts[key] } }

    /// Stores a text, past all faults.
    func plant(_ text: [UInt8], _ key: CacheKey) { state.withLock { $0.texts[key] = text } }

    func certainlyLacks(_ key: CacheKey) -> Bool {
        state.withLock { $0.knowsMisses && $0.texts[key] == nil }
    }

    func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        let attempt = Attempt(self, completion)
        let bound = LoopBound(attempt, on: loop)
        state.withLock { state in
            state.counts.loads += 1
            let result: Result<[UInt8]?, StoreError> =
                switch state.loads {
                case .works, .hangs: .success(state.texts[key])
                case .down: .failure(.unavailable("down, as the test wants it"))
                case .full: .failure(.full)
                }
            let answer: @Sendable () -> Void = { loop.post { bound.value.finish(result) } }
            if case .hangs = state.loads { state.hanging.append(answer) } else { answer() }
        }
        return attempt
    }

    func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        let isSave = batch.contains { if case .save = $0 { true } else { false } }
        let behaviour = state.withLock { state in
            if isSave {
                state.counts.saves += 1
                state.counts.largestSave = max(state.counts.largestSave, batch.count)
            } else {
                state.counts.removals += 1
            }
            return isSave || state.writes != .full ? state.writes : .works
        }
        perform(behaviour, completion) { texts in
            for write in batch {
                switch write {
                case .save(let entry): texts[entry.key] = entry.text
                case .remove(let key): texts[key] = nil
                }
            }
        }
    }

    func maintain(_ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        let behaviour = state.withLock { state in
            state.counts.upkeeps += 1
            return state.writes == .full ? .works : state.writes
        }
        perform(behaviour, completion) { _ in }
    }

    func close(_ completion: @escaping @Sendable () -> Void) {
        state.withLock { $0.counts.isClosed = true }
        completion()
    }

    private func perform(
        _ behaviour: Behaviour,
        _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void,
        _ change: @escaping @Sendable (inout [CacheKey: [UInt8]]) -> Void
    ) {
        switch behaviour {
        case .works:
            state.withLock { change(&$0.texts) }
            completion(.success(()))
        case .down: completion(.failure(.unavailable("down, as the test wants it")))
        case .full: completion(.failure(.full))
        case .hangs:
            state.withLock { state in
                state.hanging.append { [self] in
                    self.state.withLock { change(&$0.texts) }
                    completion(.success(()))
                }
            }
        }
    }

    private final class Attempt: LoopAttempt {
        private let store: FaultyStore
        private var completion: ((Result<[UInt8]?, StoreError>) -> Void)?

        init(
            _ store: FaultyStore, _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
        ) {
            self.store = store
            self.completion = completion
        }

        func finish(_ result: Result<[UInt8]?, StoreError>) {
            let completion = completion
            self.completion = nil
            completion?(result)
        }

        func cancel() {
            guard completion != nil else { return }
            completion = nil
            store.state.withLock { $0.counts.cancelled += 1 }
        }
    }
}
