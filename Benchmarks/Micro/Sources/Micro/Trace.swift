import Foundation

/// A sequence of keys that are asked for, one after another.
struct Trace {
    /// What it is called in the table.
    let name: String
    /// How many different keys there are, at most.
    let keyCount: Int
    /// Keys from 0.
    let keys: [Int]

    /// Keys drawn independently, the n-th most popular with a chance of 1 in n to the power of
    /// `exponent`.
    static func zipf(exponent: Double, keyCount: Int, length: Int, seed: UInt64) -> Trace {
        var random = Random(seed: seed)
        let sums = cumulativeZipf(exponent: exponent, keyCount: keyCount)
        let keys = (0..<length).map { _ in draw(sums, &random) }
        return Trace(name: "Zipf \(exponent)", keyCount: keyCount, keys: keys)
    }

    /// The same, interrupted by scans: runs of keys that are asked for once and never again, as an
    /// evaluation or a batch of documents does.
    static func zipfWithScans(exponent: Double, keyCount: Int, length: Int, seed: UInt64) -> Trace {
        var random = Random(seed: seed)
        let sums = cumulativeZipf(exponent: exponent, keyCount: keyCount)
        var keys: [Int] = []
        var fresh = keyCount
        while keys.count < length {
            for _ in 0..<20_000 { keys.append(draw(sums, &random)) }
            for _ in 0..<10_000 {
                keys.append(fresh)
                fresh += 1
            }
        }
        return Trace(name: "Zipf \(exponent) with scans", keyCount: fresh, keys: keys)
    }

    /// The same keys in the same order, round and round: what LRU is worst at.
    static func loop(keyCount: Int, length: Int) -> Trace {
        Trace(name: "loop", keyCount: keyCount, keys: (0..<length).map { $0 % keyCount })
    }

    private static func cumulativeZipf(exponent: Double, keyCount: Int) -> [Double] {
        var sum = 0.0
        return (1...keyCount).map { rank in
            sum += 1 / pow(Double(rank), exponent)
            return sum
        }
    }

    private static func draw(_ sums: [Double], _ random: inout Random) -> Int {
        let point = random.unit() * (sums.last ?? 0)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > point { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
