import RepriseCore
import RepriseLogging
import RepriseNetwork
import Synchronization
import Testing

@testable import RepriseStorage

/// What a fetch asks of the store for the sake of other servers.
struct TieredLeaseTests {
    private let network = PlayedNetwork()
    private let log = LogRecorder()
    private let leasing = LeasingFake()
    private let key = SampleResponses.key(1)
    private let response = SampleResponses.response(1)
    private let holder: LeaseHolder

    init() { holder = LeaseHolder(on: network.loop) }

    private func tiered(failureThreshold: Int = 5, queueEntries: Int = 10) -> TieredStore {
        var limits = TieredStore.Limits()
        limits.failureThreshold = failureThreshold
        limits.queueEntries = queueEntries
        let store = TieredStore(
            memory: MemoryTier(capacity: 1 << 20, now: { [network] in network.wallClock }),
            persistent: leasing, limits: limits, network: network, logger: log.logger)
        store.start()
        return store
    }

    private func take(
        _ store: TieredStore, as holder: LeaseHolder? = nil
    ) -> TieredStore.LeaseAnswer? {
        var answer: TieredStore.LeaseAnswer?
        store.takeLease(
            of: key, for: holder ?? self.holder, lasting: .seconds(1), on: network.loop
        ) { answer = $0 }
        network.run()
        return answer
    }

    private func inspect(_ store: TieredStore) -> TieredStore.Inspection? {
        var answer: TieredStore.Inspection?
        _ = store.inspect(key, on: network.loop) { answer = $0 }
        network.run()
        return answer
    }

    private final class Flag {
        var isSet = false
    }

    private func wait(_ store: TieredStore, for limit: Duration) -> Flag {
        let flag = Flag()
        store.whenWritten(key, within: limit, on: network.loop) { flag.isSet = true }
        network.run()
        return flag
    }

    @Test func leaseIsTakenHeldAndEnded() {
        let store = tiered()
        #expect(store.isLeasing)
        #expect(take(store) == .taken)
        #expect(take(store) == .held)
        var isHeld: Bool?
        store.renewLease(of: key, for: holder, lasting: .seconds(1), on: network.loop) {
            isHeld = $0
        }
        network.run()
        #expect(isHeld == true)
        store.endLease(of: key, for: holder, on: network.loop)
        network.run()
        #expect(take(store) == .taken)
    }

    @Test func storeThatGivesNoLeasesIsLeftAloneForAWhile() {
        let store = tiered()
        leasing.leases.withLock { $0.error = .unavailable("down") }
        for _ in 0..<20 { #expect(take(store) == .unavailable) }
        #expect(leasing.leases.withLock { $0.calls } == 5)
        #expect(store.counters.persistentErrors == 5)
        #expect(store.counters.readBreaker == .closed)
        #expect(
            log.messages == [
                "warning: The redis store fails; each server makes its own upstream calls."
            ])
        network.advance(by: .seconds(1))
        leasing.leases.withLock { $0.error = nil }
        #expect(take(store) == .taken)
        #expect(log.messages.last == "notice: The redis store works again; leases use it.")
    }

    @Test func storeThatIsFullIsNotLeftAloneWithLeases() {
        let store = tiered(failureThreshold: 1)
        leasing.leases.withLock { $0.error = .full }
        #expect(take(store) == .unavailable)
        leasing.leases.withLock { $0.error = nil }
        #expect(take(store) == .taken)
        #expect(log.messages.isEmpty)
    }

    @Test func inspectionLooksPastMemoryAndFillsIt() {
        let store = tiered()
        store.memory.insert(response, for: key)
        let newer = SampleResponses.response(1, version: 2)
        leasing.base.plant(newer.encoded(), key)
        guard case .found(let found) = inspect(store) else {
            Issue.record("the store has an entry")
            return
        }
        #expect(found.body == newer.body)
        #expect(store.memory.response(for: key) === found)
    }

    @Test func inspectionTellsNothingFromFailure() {
        let store = tiered(failureThreshold: 1)
        guard case .nothing = inspect(store) else {
            Issue.record("the store has nothing")
            return
        }
        #expect(store.counters.persistentMisses == 0)
        leasing.base.setLoads(.down)
        for _ in 0..<2 {
            // The second time the store is not asked any more.
            guard case .failed = inspect(store) else {
                Issue.record("the store fails")
                return
            }
        }
        #expect(leasing.base.counts.loads == 2)
        #expect(take(store) == .unavailable, "a store whose lookups fail is not asked for leases")
        #expect(leasing.leases.withLock { $0.calls } == 0)
    }

    @Test func waitEndsWhenTheResponseIsWritten() {
        let store = tiered()
        leasing.base.setWrites(.hangs)
        store.commit(key, response)
        let flag = wait(store, for: .seconds(7))
        network.advance(by: .seconds(1))
        #expect(!flag.isSet)
        leasing.base.release()
        network.run()
        #expect(flag.isSet && leasing.base.text(key) != nil)
    }

    @Test func waitEndsWhenTheStoreFails() {
        let store = tiered(failureThreshold: 1)
        leasing.base.setWrites(.down)
        store.commit(key, response)
        let flag = wait(store, for: .seconds(7))
        network.advance(by: .seconds(1))
        #expect(flag.isSet && leasing.base.text(key) == nil)
    }

    @Test func waitEndsWhenTheResponseWasDropped() {
        let store = tiered(queueEntries: 0)
        store.commit(key, response)
        #expect(wait(store, for: .seconds(7)).isSet)
    }

    @Test func waitEndsAtItsLimit() {
        let store = tiered()
        leasing.base.setWrites(.hangs)
        store.commit(key, response)
        let flag = wait(store, for: .seconds(3))
        network.advance(by: .milliseconds(2999))
        #expect(!flag.isSet)
        network.advance(by: .milliseconds(1))
        #expect(flag.isSet)
    }
}

/// A ``FaultyStore`` with leases that last until they are ended.
private final class LeasingFake: LeasingStore {
    struct Leases: Sendable {
        var holders: [CacheKey: LeaseHolder] = [:]
        var error: StoreError?
        var calls = 0
    }

    let base = FaultyStore(kind: "redis")
    let leases = Mutex(Leases())

    var kind: String { base.kind }

    func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        base.load(key, on: loop, completion)
    }

    func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        base.write(batch, completion)
    }

    func close(_ completion: @escaping @Sendable () -> Void) { base.close(completion) }

    private func answer(
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void,
        _ change: (inout Leases) -> Bool
    ) {
        let result: Result<Bool, StoreError> = leases.withLock { leases in
            leases.calls += 1
            return leases.error.map { .failure($0) } ?? .success(change(&leases))
        }
        _ = loop.schedule(after: .zero) { completion(result) }
    }

    func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        answer(on: loop, completion) { leases in
            guard leases.holders[key] == nil else { return false }
            leases.holders[key] = holder
            return true
        }
    }

    func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        answer(on: loop, completion) { $0.holders[key] == holder }
    }

    func endLease(
        of key: CacheKey, for holder: LeaseHolder, on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        answer(on: loop, completion) { leases in
            guard leases.holders[key] == holder else { return false }
            leases.holders[key] = nil
            return true
        }
    }
}
