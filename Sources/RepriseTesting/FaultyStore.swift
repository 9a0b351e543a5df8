public import NIOCore
public import RepriseCore
public import RepriseStorage
import Synchronization

/// A store in memory that fails in the way a test asks for.
public final class FaultyStore: ResponseStore {
    /// How calls go.
    public enum Behaviour: Sendable {
        /// As they should.
        case works
        /// They fail with ``StoreError/unavailable(_:)``.
        case down
        /// They fail with ``StoreError/full``.
        case full
        /// Loads return bytes that are no entry; saves work.
        case rubbish
        /// They go on only after ``FaultyStore/release()``. A load reads before it waits, and ends
        /// early when it is cancelled.
        case hangs
    }

    private struct State: Sendable {
        var texts: [CacheKey: ByteBuffer] = [:]
        var loads = Behaviour.works
        var writes = Behaviour.works
        var leasing = Behaviour.works
        var leases: [CacheKey: LeaseHolder] = [:]
        var largestSave = 0
        var isClosed = false
        var nextID = 0
        var hanging: [Int: CheckedContinuation<Bool, Never>] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    /// Raised as each load begins, and when it hangs, once it does.
    public let loads = Signal()
    /// Raised as each save begins, and when it hangs, once it does.
    public let saves = Signal()
    /// Raised as each removal begins, and when it hangs, once it does.
    public let removals = Signal()
    /// Raised as each save or removal ends well.
    public let written = Signal()
    /// Raised as each call about a lease begins, and when it hangs, once it does.
    public let leaseCalls = Signal()
    /// Raised by each upkeep.
    public let upkeeps = Signal()

    /// Makes an empty store that works.
    public init() {}

    /// `faulty`
    public var kind: String { "faulty" }

    /// How loads go from now on.
    public func setLoads(_ behaviour: Behaviour) { state.withLock { $0.loads = behaviour } }

    /// How saves and removals go from now on.
    public func setWrites(_ behaviour: Behaviour) { state.withLock { $0.writes = behaviour } }

    /// How calls about leases go from now on.
    public func setLeases(_ behaviour: Behaviour) { state.withLock { $0.leasing = behaviour } }

    /// Lets every call that hangs go on.
    public func release() {
        let hanging = state.withLock { state in
            defer { state.hanging = [:] }
            return Array(state.hanging.values)
        }
        for continuation in hanging { continuation.resume(returning: true) }
    }

    /// What is stored under a key, read past all faults.
    public func text(_ key: CacheKey) -> ByteBuffer? { state.withLock { $0.texts[key] } }

    /// Stores a text, past all faults.
    public func plant(_ text: ByteBuffer, _ key: CacheKey) {
        state.withLock { $0.texts[key] = text }
    }

    /// The greatest number of entries that one save brought.
    public var largestSave: Int { state.withLock { $0.largestSave } }

    /// Whether the store has been closed.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Reads a text, as the behaviour of loads has it.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        let (behaviour, text) = state.withLock { ($0.loads, $0.texts[key]) }
        guard try await proceed(behaviour, loads, endsEarly: true) else { throw .cancelled }
        if case .rubbish = behaviour { return ByteBuffer(string: "rubbish") }
        return text
    }

    /// Stores texts, as the behaviour of writes has it.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        let behaviour = state.withLock { state in
            state.largestSave = max(state.largestSave, entries.count)
            return state.writes
        }
        _ = try await proceed(behaviour, saves, endsEarly: false)
        state.withLock { state in
            for entry in entries { state.texts[entry.key] = entry.text }
        }
        written.raise()
    }

    /// Removes texts, as the behaviour of writes has it.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        _ = try await proceed(state.withLock { $0.writes }, removals, endsEarly: false)
        state.withLock { state in
            for key in keys { state.texts[key] = nil }
        }
        written.raise()
    }

    /// Only counts.
    public func maintain() async throws(StoreError) { upkeeps.raise() }

    /// Notes that the store is closed.
    public func close() async { state.withLock { $0.isClosed = true } }

    func proceedWithLease() async throws(StoreError) {
        _ = try await proceed(state.withLock { $0.leasing }, leaseCalls, endsEarly: false)
    }

    func withLeases<Result>(_ body: (inout [CacheKey: LeaseHolder]) -> Result) -> Result {
        state.withLock { body(&$0.leases) }
    }

    /// - Returns: false when the call was cancelled.
    private func proceed(
        _ behaviour: Behaviour, _ signal: Signal, endsEarly: Bool
    ) async throws(StoreError) -> Bool {
        switch behaviour {
        case .works, .rubbish:
            signal.raise()
            return true
        case .down:
            signal.raise()
            throw .unavailable("down, as the test wants it")
        case .full:
            signal.raise()
            throw .full
        case .hangs:
            return await hang(signal, endsEarly: endsEarly)
        }
    }

    private func hang(_ signal: Signal, endsEarly: Bool) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    state.hanging[id] = continuation
                    return false
                }
                if isCancelled { continuation.resume(returning: false) }
                signal.raise()
            }
        } onCancel: {
            guard endsEarly else { return }
            let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                if let hanging = state.hanging.removeValue(forKey: id) { return hanging }
                state.cancelled.insert(id)
                return nil
            }
            continuation?.resume(returning: false)
        }
    }
}
