import Testing

@testable import RepriseStorage

struct S3FIFOTests {
    private typealias Cache = S3FIFO<Int, Int>

    private func insert(_ key: Int, cost: Int = 1, into cache: inout Cache) {
        var released: [Int] = []
        cache.insert(key, for: key, cost: cost, released: &released)
    }

    @Test func scanDoesNotPushOutWhatIsUsed() {
        var cache = Cache(capacity: 1000)
        for key in 0..<500 { insert(key, into: &cache) }
        for _ in 0..<2 {
            for key in 0..<500 { #expect(cache.value(for: key) == key) }
        }
        // Ten times the capacity, each key once: LRU would keep nothing of the first 500.
        for key in 1000..<11_000 { insert(key, into: &cache) }
        let kept = (0..<500).count { cache.value(for: $0) != nil }
        #expect(kept == 500)
    }

    @Test func keyThatLeftTooEarlyComesBackForLonger() {
        var cache = Cache(capacity: 100)
        for key in 0..<101 { insert(key, into: &cache) }
        #expect(cache.value(for: 0) == nil)
        insert(0, into: &cache)
        // It is in the main queue now, so that a scan, which stays in the small one, passes it by.
        for key in 1000..<3000 { insert(key, into: &cache) }
        #expect(cache.value(for: 0) == 0)
    }

    @Test func newKeyIsGoneAfterAScan() {
        var cache = Cache(capacity: 100)
        insert(0, into: &cache)
        for key in 1000..<1100 { insert(key, into: &cache) }
        #expect(cache.value(for: 0) == nil)
    }

    @Test func boundIsNeverExceeded() {
        var cache = Cache(capacity: 10_000)
        var random = SplitMix(state: 42)
        var model: [Int: Int] = [:]
        for step in 0..<50_000 {
            let key = Int(random.next() % 600)
            var released: [Int] = []
            switch random.next() % 10 {
            case 0:
                cache.remove(key, released: &released)
                model[key] = nil
                #expect(cache.value(for: key) == nil)
            case 1...4:
                let cost = Int(random.next() % 400) + (step % 997 == 0 ? 9700 : 0)
                let isAdmitted = cache.insert(step, for: key, cost: cost, released: &released)
                #expect(isAdmitted == (cost <= 10_000))
                model[key] = isAdmitted ? step : nil
                #expect(cache.value(for: key) == model[key])
            default:
                if let value = cache.value(for: key) { #expect(value == model[key]) }
            }
            #expect(cache.cost <= 10_000)
            #expect(cache.ghostCount <= max(cache.count, Cache.minimumGhosts))
        }
        #expect(cache.count > 0)
        #expect(cache.evictions > 0)
        for key in 0..<600 {
            var released: [Int] = []
            cache.remove(key, released: &released)
        }
        #expect(cache.count == 0)
        #expect(cache.cost == 0)
        #expect(cache.ghostCount == 0)
    }

    @Test func evictionFindsRoomWhenEverythingIsUsed() {
        var cache = Cache(capacity: 1000)
        for key in 0..<1000 { insert(key, into: &cache) }
        for _ in 0..<3 {
            for key in 0..<1000 { _ = cache.value(for: key) }
        }
        for key in 1000..<1010 { insert(key, into: &cache) }
        #expect(cache.cost == 1000)
        #expect(cache.value(for: 1009) == 1009)
    }

    @Test func insertReplacesAndTellsWhatLeft() {
        var cache = Cache(capacity: 100)
        var released: [Int] = []
        cache.insert(1, for: 7, cost: 10, released: &released)
        cache.insert(2, for: 7, cost: 30, released: &released)
        #expect(released == [1])
        #expect(cache.value(for: 7) == 2)
        #expect(cache.cost == 30)
        #expect(cache.count == 1)
    }

    @Test func valueLargerThanTheCapacityIsNotAdmittedAndReplacesAllTheSame() {
        var cache = Cache(capacity: 100)
        var released: [Int] = []
        cache.insert(1, for: 7, cost: 10, released: &released)
        let isAdmitted = cache.insert(2, for: 7, cost: 101, released: &released)
        #expect(!isAdmitted)
        #expect(cache.value(for: 7) == nil)
        #expect(cache.cost == 0)
    }

    @Test func valueAsLargeAsTheCapacityIsKept() {
        var cache = Cache(capacity: 100)
        insert(1, cost: 50, into: &cache)
        insert(2, cost: 100, into: &cache)
        #expect(cache.value(for: 2) == 2)
        #expect(cache.value(for: 1) == nil)
    }
}

/// A small generator of numbers, the same in every run (Steele, Lea, Flood, 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
