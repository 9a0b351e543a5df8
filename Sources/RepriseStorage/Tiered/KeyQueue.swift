internal import RepriseCore

/// Keys in the order in which they came.
struct KeyQueue {
    private var keys: [CacheKey] = []
    private var start = 0

    /// How many keys wait.
    var count: Int { keys.count - start }

    /// The key that came first.
    var first: CacheKey? { start < keys.count ? keys[start] : nil }

    /// Adds a key at the end.
    mutating func append(_ key: CacheKey) {
        keys.append(key)
    }

    /// Takes the first key off, if there is one.
    mutating func removeFirst() {
        guard start < keys.count else { return }
        start += 1
        // Each key is moved at most once for each time that one is taken off.
        guard start > 64, start * 2 > keys.count else { return }
        keys.removeSubrange(..<start)
        start = 0
    }
}
