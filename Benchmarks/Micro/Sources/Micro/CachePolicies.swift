/// Counts the hits of a trace under one way of choosing what to evict.
enum CachePolicy {
    /// The memory tier's own policy.
    static func hitsOfS3FIFO(_ trace: Trace, capacity: Int) -> Int {
        var cache = S3FIFO<Int, Int>(capacity: capacity)
        var released: [Int] = []
        var hits = 0
        for key in trace.keys {
            if cache.value(for: key) != nil {
                hits += 1
            } else {
                cache.insert(key, for: key, cost: 1, released: &released)
                released.removeAll(keepingCapacity: true)
            }
        }
        return hits
    }

    /// Evicts what was not used for the longest time.
    static func hitsOfLRU(_ trace: Trace, capacity: Int) -> Int {
        var cache = RecencyList(keyCount: trace.keyCount)
        var hits = 0
        for key in trace.keys {
            if cache.holds(key) {
                hits += 1
                cache.remove(key)
            } else if cache.count == capacity {
                cache.removeOldest()
            }
            cache.append(key)
        }
        return hits
    }

    /// Evicts what will not be used for the longest time (Belady 1966): no policy can do better.
    static func hitsOfOptimum(_ trace: Trace, capacity: Int) -> Int {
        let never = trace.keys.count
        var nextUse = [Int](repeating: never, count: trace.keys.count)
        var lastSeen = [Int](repeating: never, count: trace.keyCount)
        for position in stride(from: trace.keys.count - 1, through: 0, by: -1) {
            let key = trace.keys[position]
            nextUse[position] = lastSeen[key]
            lastSeen[key] = position
        }
        // The next use of each key that is held; -1: not held.
        var held = [Int](repeating: -1, count: trace.keyCount)
        var count = 0
        var farthest = MaximumHeap()
        var hits = 0
        for (position, key) in trace.keys.enumerated() {
            if held[key] >= 0 {
                hits += 1
            } else if nextUse[position] == never {
                // It will not be asked for again: the optimum does not keep it at all.
                continue
            } else if count == capacity {
                // Uses that have passed since they were noted are skipped. What comes back later
                // than all that is held is not worth a place.
                while let top = farthest.top, held[top.key] != top.use { farthest.removeTop() }
                guard let top = farthest.top, top.use > nextUse[position] else { continue }
                farthest.removeTop()
                held[top.key] = -1
                count -= 1
            }
            if held[key] < 0 { count += 1 }
            held[key] = nextUse[position]
            farthest.insert(MaximumHeap.Item(use: nextUse[position], key: key))
        }
        return hits
    }
}
