import Testing

@testable import RepriseStorage

/// The hash that fingerprints are made of.
struct UniversalHashTests {
    private let hash = Self.hash(seed: 1)
    private let bytes = Self.bytes(3 * UniversalHash.blockLength, seed: 2)

    private static func hash(seed: UInt64) -> UniversalHash {
        var generator = SplitMix(state: seed)
        return UniversalHash(using: &generator)
    }

    private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SplitMix(state: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    /// Both lanes.
    private func value(
        _ head: some Sequence<UInt8>, _ body: some Sequence<UInt8>, of hash: UniversalHash? = nil
    ) -> [UInt128] {
        let (head, body) = (Array(head), Array(body))
        let lanes = (hash ?? self.hash)(head.span, body.span)
        return [lanes.0, lanes.1]
    }

    @Test func itIsTheFormula() {
        let oracle = UniversalHashOracle(seed: 1)
        let block = UniversalHash.blockLength
        let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, block - 1, block, block + 1, 3 * block]
        for head in lengths {
            for body in lengths {
                let (head, body) = (bytes.prefix(head), bytes.suffix(body))
                #expect(value(head, body) == oracle.value(Array(head), Array(body)))
            }
        }
    }

    @Test func everyBitCountsInBothLanes() {
        let message = bytes.prefix(UniversalHash.blockLength + 21)
        let before = value(message.prefix(300), message.suffix(from: 300))
        for position in message.indices {
            for bit in 0..<8 {
                var changed = message
                changed[position] ^= 1 << bit
                let after = value(changed.prefix(300), changed.suffix(from: 300))
                #expect(before[0] != after[0] && before[1] != after[1])
            }
        }
    }

    @Test func wherePartsEndCounts() {
        let message = bytes.prefix(64)
        let values = (0...64).map { value(message.prefix($0), message.dropFirst($0)) }
        #expect(Set(values).count == values.count)
    }

    @Test func zerosBehindCount() {
        let zeros = (0...80).map { value(repeatElement(0, count: $0), []) }
        let behind = (0...80).map { value([], repeatElement(0, count: $0)) }
        // Nothing at all is the one that both have.
        #expect(Set(zeros + behind).count == 161)
    }

    @Test func anotherKeyGivesAnotherValue() {
        let one = value(bytes, bytes)
        let two = value(bytes, bytes, of: Self.hash(seed: 3))
        #expect(one[0] != two[0] && one[1] != two[1])
    }

    @Test func tiersDoNotKnowEachOthersFingerprints() {
        let tiers = [
            MemoryTier(capacity: 1 << 20, now: { 0 }), MemoryTier(capacity: 1 << 20, now: { 0 }),
        ]
        let fingerprints = tiers.map { $0.fingerprint(head: bytes.span, body: bytes.span) }
        #expect(fingerprints[0] != fingerprints[1])
        #expect(fingerprints[0] == tiers[0].fingerprint(head: bytes.span, body: bytes.span))
    }

    // MARK: The field

    @Test func timesIsMultiplicationInTheField() {
        let top = Mersenne127.modulus - 1
        var generator = SplitMix(state: 4)
        var numbers: [UInt128] = [0, 1, 2, 1 << 63, 1 << 64, 1 << 126, top - 1, top]
        numbers += (0..<40).map { _ in Mersenne127(using: &generator).value }
        let terms = [0, 1, UInt128(1) << 126 - 1]
        for left in numbers {
            for right in numbers {
                for term in terms {
                    let result = Mersenne127(left).times(Mersenne127(right), plus: term)
                    let product = UniversalHashOracle.product(left, right)
                    #expect(result.value == UniversalHashOracle.sum(product, term))
                }
            }
        }
    }

    @Test func numbersAreReduced() {
        let modulus = Mersenne127.modulus
        #expect(Mersenne127(modulus).value == 0)
        #expect(Mersenne127(modulus + 1).value == 1)
        #expect(Mersenne127(.max).value == 1)
        #expect(Mersenne127(2 * modulus).value == 0)
        #expect(Mersenne127(modulus - 1).value == modulus - 1)
    }
}
