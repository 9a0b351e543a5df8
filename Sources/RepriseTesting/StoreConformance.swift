import NIOCore
import RepriseCore
public import RepriseStorage

/// The contract of ``ResponseStore``, as checks that every store has to pass.
///
/// ```swift
/// @Test(arguments: StoreConformance.Check.allCases)
/// func conforms(to check: StoreConformance.Check) async throws {
///     let suite = StoreConformance { clock in MyStore(clock: clock) }
///     #expect(try await suite.failures(of: check) == [])
/// }
/// ```
public struct StoreConformance: Sendable {
    /// One point of the contract.
    public enum Check: String, CaseIterable, Sendable {
        case missingIsNil, roundTrip, anyUnicodeText, emptyText, largeText, saveReplaces
        case lastOfDuplicatesCounts, removeForgets, removeOfMissingIsNoError, emptyBatches
        case retentionIsHonoured, retentionIsReplaced, labelsDoNotMatter, cancelledLoadEnds
        case readersAndWritersTogether, upkeepKeepsEntries, closedStoreIsUnavailable
        case reopenedStoreKeepsEntries
    }

    private let isPersistent: Bool
    private let passTime: @Sendable (Duration) async throws -> Void
    private let open: @Sendable (WallClock) async throws -> any ResponseStore

    /// Makes a suite for one kind of store.
    ///
    /// - Parameters:
    ///   - isPersistent: Whether opening again is expected to find what was saved.
    ///   - passTime: Makes so much time pass for a store whose server has a clock of its own. It is
    ///     called whenever the clock that `open` is given has moved.
    ///   - open: Opens the store. Within one check, every call opens the same one; it is empty at
    ///     first.
    public init(
        isPersistent: Bool = true,
        passTime: @escaping @Sendable (Duration) async throws -> Void = { _ in },
        open: @escaping @Sendable (WallClock) async throws -> any ResponseStore
    ) {
        self.isPersistent = isPersistent
        self.passTime = passTime
        self.open = open
    }

    /// Runs one check on a store that is opened for it and closed afterwards.
    ///
    /// - Returns: What was not as the contract says, in words; empty when all is well.
    /// - Throws: What the store throws where it must not.
    public func failures(of check: Check) async throws -> [String] {
        let clock = ManualClock()
        let run = StoreConformanceRun(
            store: try await open(clock.wallClock), clock: clock, isPersistent: isPersistent,
            passTime: passTime, reopen: { try await open(clock.wallClock) })
        let failures = try await run.failures(of: check)
        await run.store.close()
        return failures
    }
}
