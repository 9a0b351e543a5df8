import RepriseCore
import RepriseNetwork
import RepriseStorage
import Synchronization

/// One run of a check of ``StoreConformance`` on an open store.
struct StoreConformanceRun: Sendable {
    let suite: StoreConformance
    let store: StoreCaller

    /// What was not as the contract says.
    func failures(of check: StoreConformance.Check) async throws -> [String] {
        switch check {
        case .missingIsNil: try await expect(1, nil)
        case .roundTrip: try await roundTrip(Array("{\"v\":1}\n{\"answer\":42}".utf8))
        case .anyUnicodeText: try await roundTrip(Self.anyUnicodeText)
        case .emptyText: try await roundTrip([])
        case .largeText: try await roundTrip((0..<5_000_000).map { UInt8(32 + $0 % 95) })
        case .saveReplaces: try await saveReplaces()
        case .lastOfDuplicatesCounts: try await lastOfDuplicatesCounts()
        case .removeForgets: try await removeForgets()
        case .removeOfMissingIsNoError: try await removeOfMissing()
        case .emptyBatches: try await emptyBatches()
        case .mixedBatches: try await mixedBatches()
        case .retentionIsHonoured: try await retentionIsHonoured()
        case .retentionIsReplaced: try await retentionIsReplaced()
        case .labelsDoNotMatter: try await labelsDoNotMatter()
        case .cancelledLoadIsSilent: try await cancelledLoadIsSilent()
        case .loadsAnswerInALaterTurn: try await loadsAnswerInALaterTurn()
        case .readersAndWritersTogether: try await readersAndWritersTogether()
        case .upkeepKeepsEntries: try await upkeepKeepsEntries()
        case .sureMissesAreMisses: try await sureMissesAreMisses()
        case .closingTwiceEnds: try await closingTwiceEnds()
        case .closedStoreIsUnavailable: await closedStoreIsUnavailable()
        case .reopenedStoreKeepsEntries: try await reopenedStoreKeepsEntries()
        }
    }

    /// Every character of one byte but NUL, and of each other width the first, the last and some
    /// that software likes to change: line ends, a byte order mark, noncharacters, a letter in both
    /// normal forms.
    private static var anyUnicodeText: [UInt8] {
        let numbers: [UInt32] = [
            0x80, 0x85, 0x7FF, 0x800, 0x2028, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE,
            0xFFFF, 0x10000, 0x1F600, 0x1FFFF, 0x10FFFF, 0x65, 0x301, 0xE9,
        ]
        var wide = String.UnicodeScalarView()
        wide.append(contentsOf: numbers.compactMap { Unicode.Scalar($0) })
        return [0xEF, 0xBB, 0xBF] + Array(1...127) + [13, 10, 13, 10, 10] + Array(String(wide).utf8)
    }

    private func roundTrip(_ text: [UInt8]) async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: text)])
        return try await expect(1, text) + expect(2, nil)
    }

    private func saveReplaces() async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: [1, 1, 1], tags: [[1], [2]])])
        try await store.save([SampleResponses.entry(1, text: [2], tags: [[2], [3]])])
        return try await expect(1, [2])
    }

    private func lastOfDuplicatesCounts() async throws -> [String] {
        try await store.save([
            SampleResponses.entry(1, text: [1]), SampleResponses.entry(2, text: [2]),
            SampleResponses.entry(1, text: [3], tags: [[4], [4]]),
            SampleResponses.entry(1, text: [4], tags: [[4]]),
        ])
        return try await expect(1, [4]) + expect(2, [2])
    }

    private func removeForgets() async throws -> [String] {
        try await store.save((1...3).map { SampleResponses.entry($0, text: [UInt8($0)]) })
        try await store.remove([1, 3])
        var failures = try await expect(1, nil) + expect(2, [2]) + expect(3, nil)
        try await store.save([SampleResponses.entry(1, text: [9])])
        failures += try await expect(1, [9])
        return failures
    }

    private func removeOfMissing() async throws -> [String] {
        try await store.remove([1, 1])
        return try await expect(1, nil)
    }

    private func emptyBatches() async throws -> [String] {
        try await store.write([])
        return try await expect(1, nil)
    }

    private func retentionIsHonoured() async throws -> [String] {
        // Long times, for on a server they begin to pass before the check asks for them to.
        let end = now + 1_000_000
        try await store.save([
            SampleResponses.entry(1, text: [1], retainedUntil: end),
            SampleResponses.entry(2, text: [2], retainedUntil: end + 6_000_000),
            SampleResponses.entry(3, text: [3]),
        ])
        var failures = try await expect(1, [1])
        try await suite.passTime(.seconds(900))
        failures += try await expect(1, [1])
        try await suite.passTime(.seconds(100))
        failures += try await expect(1, nil) + expect(2, [2]) + expect(3, [3])
        try await store.maintain()
        failures += try await expect(1, nil) + expect(2, [2]) + expect(3, [3])
        return failures
    }

    private func retentionIsReplaced() async throws -> [String] {
        try await store.save([
            SampleResponses.entry(1, text: [1], retainedUntil: now + 1000)
        ])
        try await store.save([SampleResponses.entry(1, text: [2])])
        try await suite.passTime(.seconds(86_400))
        try await store.maintain()
        return try await expect(1, [2])
    }

    private func labelsDoNotMatter() async throws -> [String] {
        let many = (0..<200).map { Array("tag \($0)".utf8) } + [[], [0], [0xFF, 0xFE]]
        var entry = SampleResponses.entry(1, text: [1], tags: many)
        entry.labels.model = []
        entry.labels.namespace = nil
        try await store.save([entry])
        return try await expect(1, [1])
    }

    private func mixedBatches() async throws -> [String] {
        try await store.save((1...3).map { SampleResponses.entry($0, text: [UInt8($0)]) })
        try await store.write([
            .remove(SampleResponses.key(1)), .save(SampleResponses.entry(1, text: [8])),
            .save(SampleResponses.entry(2, text: [9])), .remove(SampleResponses.key(2)),
            .remove(SampleResponses.key(3)),
        ])
        return try await expect(1, [8]) + expect(2, nil) + expect(3, nil)
    }

    private func cancelledLoadIsSilent() async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: [1])])
        let calls = Calls()
        await onLoop { [store] in
            for _ in 0..<20 {
                let attempt = store.store.load(SampleResponses.key(1), on: store.loop) { _ in
                    calls.count.add(1, ordering: .relaxed)
                }
                attempt.cancel()
                attempt.cancel()
            }
        }
        var failures: [String] = []
        for _ in 0..<4 { failures += try await expect(1, [1]) }
        if calls.count.load(ordering: .relaxed) > 0 {
            failures.append("a cancelled load called back")
        }
        return failures
    }

    private func loadsAnswerInALaterTurn() async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: [1])])
        let failures = Failures()
        for number in [1, 2] {
            await withCheckedContinuation { continuation in
                store.loop.post { [store] in
                    let turn = Turn()
                    _ = store.store.load(SampleResponses.key(number), on: store.loop) { _ in
                        if !turn.isOver { failures.texts.withLock { $0.append("called at once") } }
                        if !store.loop.isCurrent {
                            failures.texts.withLock { $0.append("called on another thread") }
                        }
                        continuation.resume()
                    }
                    turn.isOver = true
                }
            }
        }
        return failures.texts.withLock { $0 }
    }

    private final class Calls: Sendable {
        let count = Atomic(0)
    }

    private final class Failures: Sendable {
        let texts = Mutex<[String]>([])
    }

    private final class Turn {
        var isOver = false
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            store.loop.post {
                body()
                continuation.resume()
            }
        }
    }

    /// What is stored is never denied, at no time.
    private func sureMissesAreMisses() async throws -> [String] {
        var failures: [String] = []
        for round in 0..<20 {
            try await store.save(
                (0..<10).map { SampleResponses.entry(round * 10 + $0, text: [1]) })
            if round % 3 == 2 { try await store.remove([round * 10 + 9, round * 10 + 3]) }
            for number in 0..<round * 10 + 10
            where store.store.certainlyLacks(SampleResponses.key(number)) {
                if try await store.load(number) != nil {
                    failures.append("key \(number) is stored and was denied")
                }
            }
        }
        return failures
    }

    private func closingTwiceEnds() async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: [1])])
        await store.close()
        return store.store.certainlyLacks(SampleResponses.key(1)) ? ["a closed store is sure"] : []
    }

    private var now: Int64 { store.loop.wallClock }

    /// Every text that is read must be one that was saved, whole.
    private func readersAndWritersTogether() async throws -> [String] {
        let keys = 16
        let rounds = 30
        return try await withThrowingTaskGroup(of: [String].self) { group in
            // One writer and four readers at once: that is what is tried.
            group.addTask {
                for round in 0..<rounds {
                    try await store.save(
                        (0..<keys).map { SampleResponses.entry($0, text: Self.text($0, round)) })
                }
                return []
            }
            for _ in 0..<4 {
                group.addTask {
                    var failures: [String] = []
                    for step in 0..<(keys * 8) {
                        let number = step % keys
                        let text = try await store.load(number)
                        guard let text else { continue }
                        let round = Int(text.first ?? 0) - 1
                        if text != Self.text(number, round) {
                            failures.append("key \(number) held a text that was never saved")
                        }
                    }
                    return failures
                }
            }
            var failures = try await group.reduce(into: []) { $0 += $1 }
            for number in 0..<keys {
                failures += try await expect(number, Self.text(number, rounds - 1))
            }
            return failures
        }
    }

    private static func text(_ number: Int, _ round: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: round + 1), UInt8(number + 1)]
            + Array(
                repeating: UInt8(truncatingIfNeeded: round + number + 1),
                count: 500 * (number + 1))
    }

    private func upkeepKeepsEntries() async throws -> [String] {
        try await store.save([SampleResponses.entry(1, text: [1])])
        try await suite.passTime(.seconds(3600))
        var failures = try await expect(1, [1])
        try await store.maintain()
        try await store.maintain()
        failures += try await expect(1, [1])
        return failures
    }

    private func closedStoreIsUnavailable() async -> [String] {
        await store.close()
        var failures: [String] = []
        do throws(StoreError) {
            _ = try await store.load(1)
            failures.append("a closed store answered a load")
        } catch {
            if case .unavailable = error {} else { failures.append("a closed store: \(error)") }
        }
        do throws(StoreError) {
            try await store.save([SampleResponses.entry(1, text: [1])])
            failures.append("a closed store took a save")
        } catch {
            if case .unavailable = error {} else { failures.append("a closed store: \(error)") }
        }
        return failures
    }

    private func reopenedStoreKeepsEntries() async throws -> [String] {
        try await store.save((1...20).map { SampleResponses.entry($0, text: [UInt8($0)]) })
        try await store.remove([20])
        await store.close()
        let reopened = StoreCaller(try await suite.open(), suite.network)
        let run = StoreConformanceRun(suite: suite, store: reopened)
        var failures = try await run.expect(20, nil)
        for number in 1..<20 {
            failures += try await run.expect(number, suite.isPersistent ? [UInt8(number)] : nil)
        }
        await reopened.close()
        return failures
    }

    private func expect(_ number: Int, _ text: [UInt8]?) async throws -> [String] {
        let found = try await store.load(number)
        guard found != text else { return [] }
        return [
            "key \(number): expected \(Self.words(text?.count)), found \(Self.words(found?.count))"
        ]
    }

    private static func words(_ bytes: Int?) -> String {
        bytes.map { "a text of \($0) bytes" } ?? "nothing"
    }
}
