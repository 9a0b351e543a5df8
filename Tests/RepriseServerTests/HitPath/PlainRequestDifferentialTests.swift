import Testing

/// The hit path may never take a request that the full parser would reject or read in another way.
struct PlainRequestDifferentialTests {
    @Test func scannerAndParserReadTheSame() async {
        var run = FuzzRun(cases: 400_000)
        var generator = RequestGenerator(seed: run.seed)
        var taken = 0
        while await run.next() {
            let (bytes, cuts) = generator.next()
            switch Differential.compare(bytes, cuts: cuts) {
            case .notTaken: continue
            case .same: taken += 1
            case .different(let how):
                Issue.record(
                    "case \(run.number) of seed \(run.seed): \(how); cut at \(cuts)\n\(bytes.literal)"
                )
                return
            }
        }
        print("\(run.number) requests, \(taken) taken by the hit path")
        #expect(taken > run.number / 10, "the generator makes too few requests that are taken")
    }

    @Test func everySplitIsReadTheSame() {
        let text = RequestText().adding("Authorization", "Bearer k").adding("X-Proxy-TTL", " 5 ")
        let bytes = text.bytes
        for first in 1..<bytes.count {
            #expect(Differential.compare(bytes, cuts: [first]) == .same)
        }
        #expect(Differential.compare(bytes, cuts: Array(1..<bytes.count)) == .same)
    }

    @Test func everyChangeOfOneByteIsReadTheSame() {
        let bytes = RequestText(
            target: "/v1/x",
            fields: [("Host", "h"), ("Accept", "*/*"), ("Connection", "keep-alive")],
            body: "ab"
        ).bytes
        let values = (0...255 as ClosedRange<UInt8>)
        for index in bytes.indices {
            for value in values {
                var changed = bytes
                changed[index] = value
                if case .different(let how) = Differential.compare(changed, cuts: []) {
                    Issue.record("\(how)\n\(changed.literal)")
                }
            }
        }
    }
}
