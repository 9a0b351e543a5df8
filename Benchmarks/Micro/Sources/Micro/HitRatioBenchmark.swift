/// The share of requests that the memory tier's policy answers, beside LRU and the optimum.
enum HitRatioBenchmark {
    /// One trace at one capacity.
    struct Row {
        let trace: String
        let keys: Int
        let capacity: Int
        let s3fifo: Double
        let lru: Double
        let optimum: Double

        var text: String {
            "\(trace), \(capacity) of \(keys) keys: S3-FIFO \(s3fifo.threePlaces), "
                + "LRU \(lru.threePlaces), optimum \(optimum.threePlaces)"
        }

        var json: String {
            "{\"trace\":\"\(trace)\",\"keys\":\(keys),\"capacity\":\(capacity),"
                + "\"s3fifo\":\(s3fifo.threePlaces),\"lru\":\(lru.threePlaces),"
                + "\"optimum\":\(optimum.threePlaces)}"
        }
    }

    /// Measures all traces.
    static func runAll() -> [Row] {
        let keyCount = 100_000
        let length = 1_000_000
        let traces = [
            Trace.zipf(exponent: 0.8, keyCount: keyCount, length: length, seed: 1),
            Trace.zipf(exponent: 1.0, keyCount: keyCount, length: length, seed: 2),
            Trace.zipfWithScans(exponent: 1.0, keyCount: keyCount, length: length, seed: 3),
            Trace.loop(keyCount: 20_000, length: length),
        ]
        return traces.flatMap { trace in
            [1_000, 10_000].map { row(trace, capacity: $0) }
        }
    }

    private static func row(_ trace: Trace, capacity: Int) -> Row {
        func share(_ hits: Int) -> Double { Double(hits) / Double(trace.keys.count) }
        return Row(
            trace: trace.name, keys: trace.keyCount, capacity: capacity,
            s3fifo: share(CachePolicy.hitsOfS3FIFO(trace, capacity: capacity)),
            lru: share(CachePolicy.hitsOfLRU(trace, capacity: capacity)),
            optimum: share(CachePolicy.hitsOfOptimum(trace, capacity: capacity)))
    }
}
