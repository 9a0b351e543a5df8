/// A source of random numbers that gives the same ones for the same seed: SplitMix64 (Steele, Lea
/// and Flood, OOPSLA 2014).
struct SeededSource: RandomNumberGenerator {
    private var state: UInt64

    /// Makes a source from a seed.
    init(_ seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// A random number below a bound of at least 1.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(bound))
    }

    /// True once in `count` times on average.
    mutating func once(in count: Int) -> Bool {
        below(count) == 0
    }

    /// A random element; there must be one.
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
