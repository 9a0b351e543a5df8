import Foundation

/// How long a test with random cases goes on: a number of cases from a fixed seed, or under
/// `make fuzz` for as long as `REPRISE_FUZZ_SECONDS` says, from `REPRISE_FUZZ_SEED` or else a random
/// seed.
struct FuzzRun {
    /// The seed.
    let seed: UInt64
    /// The number of the case that runs, from 1 on.
    private(set) var number = 0
    private let cases: Int
    private let deadline: ContinuousClock.Instant?

    /// Begins a run.
    ///
    /// - Parameter cases: How many cases there are if it is not bounded by time.
    init(cases: Int) {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["REPRISE_FUZZ_SECONDS"].flatMap(Double.init)
        let isFixed = seconds == nil
        self.cases = cases
        deadline = seconds.map { ContinuousClock.now + .seconds($0) }
        seed =
            environment["REPRISE_FUZZ_SEED"].flatMap { UInt64($0) }
            ?? (isFixed ? 1 : .random(in: 1...UInt64(UInt32.max)))
        print("REPRISE_FUZZ_SEED=\(seed)")
    }

    /// Goes on to the next case, if there is to be one, and lets other tests have the thread now and
    /// then.
    mutating func next() async -> Bool {
        if number.isMultiple(of: 64) { await Task.yield() }
        guard deadline.map({ ContinuousClock.now < $0 }) ?? (number < cases) else { return false }
        number += 1
        return true
    }
}
