@testable import RepriseStorage

/// ``UniversalHash`` as its formula says, a step at a time.
struct UniversalHashOracle {
    private static let prime = UInt128(1) << 127 - 1

    private let words: [UInt64]
    private let points: [UInt128]

    /// Draws the key that ``UniversalHash`` draws from a ``SplitMix`` of the same state.
    init(seed: UInt64) {
        var generator = SplitMix(state: seed)
        words = (0..<UniversalHash.blockLength / 8 + 2).map { _ in generator.next() }
        points = (0..<2).map { _ in
            let high = generator.next()
            return (UInt128(high) << 64 | UInt128(generator.next())) >> 2
        }
    }

    /// Both lanes.
    func value(_ head: [UInt8], _ body: [UInt8]) -> [UInt128] {
        (0..<2).map { lane in
            let lengths = UInt128(head.count) << 32 + UInt128(body.count)
            let terms = (blocks(head) + blocks(body)).map { sum($0, lane) } + [lengths]
            return terms.reduce(0) { Self.sum(Self.product($0, points[lane]), $1) }
        }
    }

    private func blocks(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: UniversalHash.blockLength).map {
            Array(bytes[$0..<min($0 + UniversalHash.blockLength, bytes.count)])
        }
    }

    private func sum(_ block: [UInt8], _ lane: Int) -> UInt128 {
        let padded = block + Array(repeating: 0, count: (16 - block.count % 16) % 16)
        let message = stride(from: 0, to: padded.count, by: 8).map { start in
            padded[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        var sum: UInt128 = 0
        for index in stride(from: 0, to: message.count, by: 2) {
            let left = message[index] &+ words[index + 2 * lane]
            let right = message[index + 1] &+ words[index + 1 + 2 * lane]
            sum &+= UInt128(left) * UInt128(right)
        }
        return sum % (UInt128(1) << 126)
    }

    // MARK: The field

    /// The sum of two numbers below 2^127, modulo 2^127 − 1.
    static func sum(_ left: UInt128, _ right: UInt128) -> UInt128 {
        (left + right) % prime
    }

    /// The product of two numbers below 2^127, modulo 2^127 − 1: by doubling and adding.
    static func product(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var result: UInt128 = 0
        for bit in (0..<127).reversed() {
            result = sum(result, result)
            if right >> UInt128(bit) & 1 == 1 { result = sum(result, left) }
        }
        return result
    }
}
