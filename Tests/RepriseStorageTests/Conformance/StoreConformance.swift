import RepriseCore
import RepriseNetwork
import RepriseStorage

/// The contract of ``ResponseStore``, as checks that every store has to pass.
///
/// ```swift
/// @Test(arguments: StoreConformance.Check.allCases)
/// func conforms(to check: StoreConformance.Check) async throws {
///     let suite = StoreConformance(network: network, passTime: { ... }) { MyStore(...) }
///     #expect(try await suite.failures(of: check) == [])
/// }
/// ```
struct StoreConformance: Sendable {
    /// One point of the contract.
    enum Check: String, CaseIterable, Sendable {
        case missingIsNil, roundTrip, anyUnicodeText, emptyText, largeText, saveReplaces
        case lastOfDuplicatesCounts, removeForgets, removeOfMissingIsNoError, emptyBatches
        case mixedBatches, retentionIsHonoured, retentionIsReplaced, labelsDoNotMatter
        case cancelledLoadIsSilent, loadsAnswerInALaterTurn, readersAndWritersTogether
        case upkeepKeepsEntries, sureMissesAreMisses, closedStoreIsUnavailable
        case closingTwiceEnds, reopenedStoreKeepsEntries
    }

    let isPersistent: Bool
    let network: any Network
    let passTime: @Sendable (Duration) async throws -> Void
    let open: @Sendable () async throws -> any ResponseStore

    /// Makes a suite for one kind of store.
    ///
    /// - Parameters:
    ///   - isPersistent: Whether opening again is expected to find what was saved.
    ///   - network: Where the store gets its threads from. Its loops run on threads of their own.
    ///   - passTime: Makes so much time pass, on the network's clock and on that of a server behind
    ///     the store.
    ///   - open: Opens the store. Within one check, every call opens the same one; it is empty at
    ///     first.
    init(
        isPersistent: Bool = true, network: any Network,
        passTime: @escaping @Sendable (Duration) async throws -> Void,
        open: @escaping @Sendable () async throws -> any ResponseStore
    ) {
        self.isPersistent = isPersistent
        self.network = network
        self.passTime = passTime
        self.open = open
    }

    /// Runs one check on a store that is opened for it and closed afterwards.
    ///
    /// - Returns: What was not as the contract says, in words; empty when all is well.
    /// - Throws: What the store fails with where it must not.
    func failures(of check: Check) async throws -> [String] {
        let run = StoreConformanceRun(suite: self, store: StoreCaller(try await open(), network))
        let failures = try await run.failures(of: check)
        await run.store.close()
        return failures
    }
}

/// A store as a test with tasks calls it.
struct StoreCaller: Sendable {
    let store: any ResponseStore
    let loop: any EventLoop

    init(_ store: any ResponseStore, _ network: any Network) {
        self.store = store
        loop = network.loops[0]
    }

    func load(_ number: Int) async throws(StoreError) -> [UInt8]? {
        try await withCheckedContinuation { continuation in
            loop.post { [store, loop] in
                _ = store.load(SampleResponses.key(number), on: loop) {
                    continuation.resume(returning: $0)
                }
            }
        }.get()
    }

    func write(_ batch: [StoreWrite]) async throws(StoreError) {
        try await withCheckedContinuation { continuation in
            store.write(batch) { continuation.resume(returning: $0) }
        }.get()
    }

    func save(_ entries: [StoredEntry]) async throws(StoreError) {
        try await write(entries.map { .save($0) })
    }

    func remove(_ numbers: [Int]) async throws(StoreError) {
        try await write(numbers.map { .remove(SampleResponses.key($0)) })
    }

    func maintain() async throws(StoreError) {
        try await withCheckedContinuation { continuation in
            store.maintain { continuation.resume(returning: $0) }
        }.get()
    }

    func close() async {
        await withCheckedContinuation { continuation in
            store.close { continuation.resume() }
        }
    }
}
