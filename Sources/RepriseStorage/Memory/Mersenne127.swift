/// A number modulo the prime 2^127 − 1.
struct Mersenne127: Sendable {
    static var modulus: UInt128 { UInt128(1) << 127 - 1 }

    /// From 0 to ``modulus`` − 1.
    let value: UInt128

    /// The rest of a number.
    @inline(__always)
    init(_ number: UInt128) {
        // 2^127 is 1 here, so what lies above is added to what lies below.
        let folded = number & Self.modulus &+ number &>> 127
        value = folded >= Self.modulus ? folded &- Self.modulus : folded
    }

    /// Draws a number below 2^126, each with the same probability.
    init(using generator: inout some RandomNumberGenerator) {
        self.init((UInt128(generator.next()) << 64 | UInt128(generator.next())) &>> 2)
    }

    /// This times `factor`, plus a term below 2^126.
    @inline(__always)
    func times(_ factor: Mersenne127, plus term: UInt128) -> Mersenne127 {
        let (high, low) = value.multipliedFullWidth(by: factor.value)
        // 2^128 is 2 here. The product is below 2^254, hence `high` below 2^126, and the sum below
        // 2^128.
        let product = high &<< 1 &+ low & Self.modulus &+ low &>> 127
        return Mersenne127(Mersenne127(product).value &+ term)
    }
}
