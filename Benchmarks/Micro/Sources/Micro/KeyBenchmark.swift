import RepriseCore
import RepriseCrypto

/// How long it takes to get from a body to its cache key, beside SHA-256 alone over the same bytes.
enum KeyBenchmark {
    /// One body's figures.
    struct Row {
        let body: String
        let bytes: Int
        /// Microseconds for canonical form, key material and its SHA-256: the median.
        let key: Double
        /// Microseconds for SHA-256 of the body as it stands: the median.
        let hash: Double
        /// The median of the rounds' ratios.
        let ratio: Double

        var text: String {
            "\(body): \(bytes) bytes, key \(key.threePlaces) us, SHA-256 \(hash.threePlaces) us, "
                + "ratio \(ratio.threePlaces)"
        }

        var json: String {
            "{\"body\":\"\(body)\",\"bytes\":\(bytes),\"key\":\(key.threePlaces),"
                + "\"hash\":\(hash.threePlaces),\"ratio\":\(ratio.threePlaces)}"
        }
    }

    private static let rounds = 41
    /// Bytes that are worked through in one round.
    private static let bytesPerRound = 4 << 20

    private static let head = RequestHead(
        method: Array("POST".utf8), path: Array("/chat/completions".utf8), query: nil,
        headers: [
            HeaderField(name: Array("accept".utf8), value: Array("application/json".utf8)),
            HeaderField(
                name: Array("authorization".utf8),
                value: Array("Bearer sk-proj-Zm9yLWJlbmNobWFya3Mtb25seS1ub3QtYS1yZWFsLWtleQ".utf8)),
            HeaderField(name: Array("content-type".utf8), value: Array("application/json".utf8)),
        ])

    /// Measures one body, both ways in turn.
    static func run(_ body: BenchmarkBody) throws -> Row {
        let repetitions = max(4, min(4000, bytesPerRound / body.bytes.count))
        var keys: [Double] = []
        var hashes: [Double] = []
        var ratios: [Double] = []
        // As in the server, one for all that is hashed.
        var digest = SHA256()
        for round in -2..<rounds {
            let key = try microseconds(repetitions) { _ = try keyByte(body.bytes, &digest) }
            let hash = microseconds(repetitions) { _ = hashByte(body.bytes, &digest) }
            guard round >= 0 else { continue }
            keys.append(key)
            hashes.append(hash)
            ratios.append(key / hash)
        }
        return Row(
            body: body.name, bytes: body.bytes.count, key: median(keys), hash: median(hashes),
            ratio: median(ratios))
    }

    @inline(never)
    private static func keyByte(_ body: [UInt8], _ digest: inout SHA256) throws -> UInt8 {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(body.count)
        try CanonicalJSON.append(body.span, to: &canonical)
        let material = KeyMaterial.build(
            upstream: Array("https://api.openai.com/v1".utf8), head: head,
            mediaType: Array("application/json".utf8), namespace: nil, sharesCredentials: false,
            canonicalBody: canonical.span)
        return hashByte(material, &digest)
    }

    @inline(never)
    private static func hashByte(_ bytes: [UInt8], _ digest: inout SHA256) -> UInt8 {
        digest.update(bytes.span)
        return digest.finish()[0]
    }

    private static func microseconds<Failure: Error>(
        _ repetitions: Int, _ work: () throws(Failure) -> Void
    ) throws(Failure) -> Double {
        let clock = ContinuousClock()
        let begun = clock.now
        for _ in 0..<repetitions { try work() }
        let (seconds, attoseconds) = (clock.now - begun).components
        return (Double(seconds) * 1e6 + Double(attoseconds) / 1e12) / Double(repetitions)
    }

    private static func median(_ numbers: [Double]) -> Double {
        numbers.sorted()[numbers.count / 2]
    }
}
