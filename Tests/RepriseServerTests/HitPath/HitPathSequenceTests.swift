import Testing

struct HitPathSequenceTests {
    @Test func everyRequestGetsItsOwnAnswerInOrder() async throws {
        var run = FuzzRun(cases: 6000)
        var source = SeededSource(run.seed)
        var hits = 0
        var misses = 0
        while await run.next() {
            var script = try ConnectionScript(seed: source.next())
            try script.run()
            hits += script.hits
            misses += script.misses
            guard script.faults.isEmpty else {
                Issue.record("connection \(run.number) of seed \(run.seed): \(script.faults)")
                return
            }
        }
        print("\(run.number) connections, \(hits) hits, \(misses) others")
        #expect(hits > run.number, "too few hits")
        #expect(misses > run.number, "too few misses")
    }
}
