/// Keys from 0 in the order of their last use: a linked list through two arrays.
struct RecencyList {
    private static let none = -1
    private var next: [Int]
    private var previous: [Int]
    private var isHeld: [Bool]
    private var oldest = none
    private var newest = none
    /// How many keys are held.
    private(set) var count = 0

    /// Makes an empty list for keys below `keyCount`.
    init(keyCount: Int) {
        next = Array(repeating: Self.none, count: keyCount)
        previous = next
        isHeld = Array(repeating: false, count: keyCount)
    }

    func holds(_ key: Int) -> Bool {
        isHeld[key]
    }

    /// Adds a key that is not held, as the newest.
    mutating func append(_ key: Int) {
        isHeld[key] = true
        count += 1
        previous[key] = newest
        next[key] = Self.none
        if newest == Self.none { oldest = key } else { next[newest] = key }
        newest = key
    }

    mutating func removeOldest() {
        if oldest != Self.none { remove(oldest) }
    }

    /// Removes a key that is held.
    mutating func remove(_ key: Int) {
        isHeld[key] = false
        count -= 1
        if previous[key] == Self.none {
            oldest = next[key]
        } else {
            next[previous[key]] = next[key]
        }
        if next[key] == Self.none {
            newest = previous[key]
        } else {
            previous[next[key]] = previous[key]
        }
    }
}
