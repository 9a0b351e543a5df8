/// A source of random numbers that gives the same ones for the same seed: xoshiro256** (Blackman
/// and Vigna, 2018), its state filled by SplitMix64.
///
/// The draws are our own instead of the standard library's, so that a seed means the same with
/// every compiler.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Makes a source; every number is a good seed.
    public init(seed: UInt64) {
        var mixer = seed
        func mixed() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var bits = mixer
            bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
            return bits ^ bits >> 31
        }
        state = (mixed(), mixed(), mixed(), mixed())
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number from 0 up to, and without, a bound; 0 for a bound that is not positive.
    public mutating func number(below bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of a range.
    public mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound &+ number(below: range.upperBound &- range.lowerBound &+ 1)
    }

    /// A number from 0 up to, and without, 1.
    public mutating func fraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// True with a probability. Nothing is drawn for what never happens.
    public mutating func chance(_ probability: Double) -> Bool {
        probability > 0 && fraction() < probability
    }

    /// An element; nil of nothing.
    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(below: elements.count)]
    }

    /// A source of its own, so that what one part of a world draws leaves the others unchanged.
    public mutating func fork() -> SeededRandom {
        SeededRandom(seed: next())
    }
}
