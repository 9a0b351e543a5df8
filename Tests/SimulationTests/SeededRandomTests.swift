import RepriseTesting
import Testing

struct SeededRandomTests {
    @Test func theSameSeedGivesTheSameNumbersAsThePublishedAlgorithm() {
        // xoshiro256** 1.0 with its state filled by SplitMix64 from 0, as its authors publish both.
        var random = SeededRandom(seed: 0)
        let numbers = [random.next(), random.next()]
        #expect(numbers == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A])
    }

    @Test func aNumberLiesInItsRangeAndEveryOneComes() {
        var random = SeededRandom(seed: 7)
        var seen = Set<Int>()
        for _ in 0..<1000 { seen.insert(random.number(in: -3...3)) }
        #expect(seen == Set(-3...3))
    }

    @Test func whatNeverHappensDrawsNothing() {
        var random = SeededRandom(seed: 3)
        var other = random
        let happened = random.chance(0)
        #expect(!happened)
        let (one, two) = (random.next(), other.next())
        #expect(one == two)
    }
}
