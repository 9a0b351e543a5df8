import NIOCore
import RepriseCore
import RepriseStorage
import RepriseTesting
import Testing

@testable import RepriseProxy

/// Who makes the call, decided against a store whose holders a test makes up.
@Suite(.timeLimit(.minutes(5)))
struct CallTurnTests {
    private let faulty = FaultyStore()
    private let clock = ManualClock()
    private let key = SampleResponses.key(1)
    private let text = SampleResponses.entryText(1)
    private let other = LeaseHolder()
    private let store: TieredStore
    private let flight: Flight
    private let reader: FlightReader
    private let hasty: HastyClock

    init() {
        hasty = HastyClock { [clock] in clock.now }
        store = TieredStore(
            memory: MemoryTier(capacity: 1 << 20), persistent: faulty, clock: clock.wallClock,
            logger: CapturedLog().logger)
        flight = Flight(retention: 100, keepsGoingAlone: false, awaitsOthers: true)
        reader = FlightReader(leading: flight)
    }

    private func decide(
        _ directives: Directives = Directives(),
        atSleep: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) async -> CallTurn.Decision {
        let turn = CallTurn(key, directives, store: store, clock: hasty.wallClock(atSleep: atSleep))
        return await turn.wait(flight)
    }

    private func expectReplay(
        _ decision: CallTurn.Decision, of version: Int = 1,
        at location: SourceLocation = #_sourceLocation
    ) {
        guard case .replay(let response) = decision else {
            Issue.record("it is to be replayed", sourceLocation: location)
            return
        }
        let body = SampleResponses.response(1, version: version).body
        #expect(response.body == body, sourceLocation: location)
    }

    private func expectCall(
        _ decision: CallTurn.Decision, holding: Bool,
        at location: SourceLocation = #_sourceLocation
    ) async {
        guard case .call(let lease) = decision else {
            Issue.record("it is to make the call", sourceLocation: location)
            return
        }
        let holder = faulty.holder(of: key)
        #expect(holding == (holder != nil && holder != other), sourceLocation: location)
        await lease.end()
        #expect(faulty.holder(of: key) == (holding ? nil : holder), sourceLocation: location)
    }

    @Test func firstOneTakesTheLeaseAndCalls() async {
        await expectCall(await decide(), holding: true)
        #expect(hasty.slept.isEmpty)
    }

    @Test func entryThatCameBeforeTheLeaseIsReplayed() async {
        faulty.plant(text, key)
        expectReplay(await decide())
        #expect(faulty.holder(of: key) == nil)
    }

    @Test func whatTheHolderStoresIsReplayedAndKeptInMemory() async {
        faulty.setHolder(other, of: key)
        expectReplay(await decide { if $0 == 3 { faulty.plant(text, key) } })
        #expect(hasty.slept.count == 3)
        #expect(faulty.holder(of: key) == other)
        #expect(store.memoryLookup(key) != nil)
        #expect(store.counters.persistentMisses == 0)
    }

    @Test func holderThatIsGoneIsReplaced() async {
        faulty.setHolder(other, of: key)
        let decision = await decide { if $0 == 3 { faulty.setHolder(nil, of: key) } }
        await expectCall(decision, holding: true)
    }

    @Test func waitEndsAtItsLimit() async {
        faulty.setHolder(other, of: key)
        await expectCall(await decide(), holding: false)
        let total = hasty.slept.reduce(Duration.zero, +)
        #expect(total >= CallTurn.limit)
        #expect(total < CallTurn.limit + PollingPace.longest)
    }

    @Test func entryThatIsTooOldForTheRequestIsNoAnswer() async {
        faulty.setHolder(other, of: key)
        faulty.plant(text, key)
        // Memory has it as well, and must not answer in place of the store.
        #expect(await store.lookup(key) != nil)
        clock.advance(by: .seconds(10))
        let newer = SampleResponses.entryText(1, version: 2, storedAt: clock.now)
        let decision = await decide(Directives(maxAge: 5)) {
            if $0 == 2 { faulty.plant(newer, key) }
        }
        expectReplay(decision, of: 2)
    }

    @Test func storeThatFailsIsNotWaitedFor() async {
        faulty.setHolder(other, of: key)
        let decision = await decide { if $0 == 2 { faulty.setLoads(.down) } }
        await expectCall(decision, holding: false)
        faulty.setLeases(.down)
        guard case .call = await decide() else {
            Issue.record("it is to make the call")
            return
        }
    }

    @Test func flightThatNobodyWaitsForStopsAsking() async {
        faulty.setHolder(other, of: key)
        let decision = await decide { count in
            guard count == 2 else { return }
            reader.leave()
            try await Task.sleep(for: .seconds(86_400))
        }
        await expectCall(decision, holding: false)
        #expect(hasty.slept.count == 2)
        #expect(!flight.beginOwnCall(keepsGoingAlone: true))
    }

    @Test func leaseThatIsTakenAsTheLastReaderLeavesIsEnded() async {
        faulty.setLeases(.hangs)
        async let decision = decide()
        await faulty.leaseCalls.reaches(1)
        reader.leave()
        faulty.setLeases(.works)
        faulty.release()
        if case .call(let lease) = await decision { await lease.end() }
        #expect(faulty.holder(of: key) == nil)
    }

    @Test func leaseIsRenewedUntilItIsLost() async {
        let lease = CallLease(
            of: key, store: store,
            clock: hasty.wallClock { if $0 == 4 { faulty.setHolder(other, of: key) } })
        guard case .taken = await lease.take() else {
            Issue.record("nobody else has it")
            return
        }
        await lease.keep()
        #expect(hasty.slept == Array(repeating: CallLease.duration / 3, count: 4))
        #expect(faulty.holder(of: key) == other)
    }

    @Test func waitsGrowAndAreSpread() {
        var pace = PollingPace()
        var random = SystemRandomNumberGenerator()
        let waits = (0..<20).map { _ in pace.next(using: &random) }
        #expect(waits.allSatisfy { $0 <= PollingPace.longest && $0 >= PollingPace.first / 2 })
        #expect(waits[0] <= PollingPace.first)
        #expect(waits[10...].allSatisfy { $0 >= PollingPace.longest / 2 })
    }
}
