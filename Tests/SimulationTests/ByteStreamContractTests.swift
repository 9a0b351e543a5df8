import RepriseTesting
import Testing

struct ByteStreamContractTests {
    @Test(arguments: ByteStreamContract.clauses)
    func simulatedStreamsKeepTheContract(_ clause: ByteStreamContract.Clause) throws {
        let pair = try SimulatedPair(seed: 1)
        try clause.check(pair)
        #expect(pair.world.runUntilIdle())
        #expect(pair.world.leftovers.isEmpty)
        let together = try SimulatedPair(seed: 1, sameLoop: true)
        try clause.check(together)
    }

    @Test(arguments: ByteStreamContract.clauses)
    func theyKeepItHoweverTheWireCutsAndDelaysBytes(_ clause: ByteStreamContract.Clause) throws {
        for seed in UInt64(1)...12 {
            var random = SeededRandom(seed: seed)
            var plan = FaultPlan.swarm(&random)
            // What breaks connections, or stands still longer than the contract waits, is off.
            plan.resetProbability = 0
            plan.severProbability = 0
            plan.stallProbability = 0
            plan.connectRefusedProbability = 0
            plan.connectSilentProbability = 0
            plan.tinyBufferProbability = 0
            plan.socketBuffer = (16 << 10)...(512 << 10)
            let pair = try SimulatedPair(seed: seed, faults: plan)
            do {
                try clause.check(pair)
            } catch {
                Issue.record("seed \(seed): \(error)\n\(plan)\(pair.world.trace?.text ?? "")")
            }
            pair.world.calm()
            #expect(pair.world.runUntilIdle())
            #expect(pair.world.leftovers.isEmpty)
        }
    }

    @Test(arguments: FaultyStream.Mistake.allCases)
    func aStreamWithAMistakeDoesNotKeepIt(_ mistake: FaultyStream.Mistake) {
        let noticed = ByteStreamContract.clauses.contains { clause in
            do {
                try clause.check(FaultyPair(mistake))
                return false
            } catch {
                return true
            }
        }
        #expect(noticed)
    }

    @Test(arguments: ByteStreamContract.clauses)
    func theSameStreamWithoutAMistakeKeepsIt(_ clause: ByteStreamContract.Clause) throws {
        try clause.check(FaultyPair(nil))
    }
}
