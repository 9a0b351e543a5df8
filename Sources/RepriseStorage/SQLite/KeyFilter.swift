internal import RepriseCore

/// A set of keys that may say of a key that it holds it though it does not, and never the other way
/// round: a blocked Bloom filter.
///
/// Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", WEA 2007. A key sets one
/// bit in each of the eight words of one block, so that a look touches one cache line. With sixteen
/// bits a key, one in several hundred keys that are not there seems to be. Keys are digests, so
/// their own bits choose.
struct KeyFilter: Sendable {
    private static let wordsInBlock = 8
    private static let bitsForKey = 16
    /// The fewest keys that a filter is made for.
    private static let leastCapacity = 1 << 16
    /// The most keys that a filter is made for: 64 MiB.
    private static let mostCapacity = 1 << 25

    private var words: [UInt64]
    private let blocks: UInt64
    private let capacity: Int
    private var count = 0

    /// Makes an empty filter with room for twice so many keys.
    init(forTwice count: Int) {
        capacity = min(Self.mostCapacity, max(Self.leastCapacity, 2 * count))
        blocks = UInt64(capacity * Self.bitsForKey / (64 * Self.wordsInBlock))
        words = [UInt64](repeating: 0, count: Int(blocks) * Self.wordsInBlock)
    }

    /// Whether so many keys have come in that it is wrong more often than it should be.
    var isFull: Bool { count > capacity }

    /// Adds a key.
    mutating func insert(_ key: CacheKey) {
        insert(UInt64(truncatingIfNeeded: key.spread))
    }

    /// Adds a key by its ``CacheKey/spread``.
    mutating func insert(_ spread: UInt64) {
        let (block, bits) = place(spread)
        for word in 0..<Self.wordsInBlock { words[block + word] |= Self.bit(bits, word) }
        count += 1
    }

    /// Whether a key may be there.
    func mayContain(_ key: CacheKey) -> Bool {
        let (block, bits) = place(UInt64(truncatingIfNeeded: key.spread))
        for word in 0..<Self.wordsInBlock where words[block + word] & Self.bit(bits, word) == 0 {
            return false
        }
        return true
    }

    private func place(_ spread: UInt64) -> (block: Int, bits: UInt64) {
        // The upper bits of 63 choose the block, a mixture of all of them the bits in it.
        let block = (spread << 1).multipliedFullWidth(by: blocks).high
        let mixed = spread &* 0x9E37_79B9_7F4A_7C15
        return (Int(block) * Self.wordsInBlock, mixed ^ (mixed >> 32))
    }

    private static func bit(_ bits: UInt64, _ word: Int) -> UInt64 {
        1 << (bits >> UInt64(6 * word) & 63)
    }
}
