import RepriseCore
import RepriseCrypto
import RepriseStorage

/// Keys, responses and entries for tests, the same for the same number.
enum SampleResponses {
    /// The key with a number.
    static func key(_ number: Int) -> CacheKey {
        let digest = SHA256.hash(Array("key \(number)".utf8).span)
        guard let key = CacheKey(digest: digest.span) else {
            preconditionFailure("a SHA-256 has as many bytes as a key")
        }
        return key
    }

    /// A whole response with a body of so many bytes, which says its number and version.
    static func response(
        _ number: Int, version: Int = 1, bytes: Int = 64, storedAt: Int64 = 1_700_000_000_000,
        ttl: Int64? = nil, tags: [[UInt8]] = []
    ) -> StoredResponse {
        var body = Array("response \(number) version \(version) ".utf8)
        while body.count < bytes { body.append(UInt8(ascii: "x")) }
        return StoredResponse(
            metadata: EntryMetadata(
                status: 200,
                headers: [
                    HeaderField(
                        name: Array("content-type".utf8), value: Array("application/json".utf8))
                ],
                storedAt: storedAt, ttl: ttl, bodyLength: Int64(body.count),
                bodyDigest: SHA256.hash(body.span),
                upstream: Array("https://api.example.com/v1".utf8),
                path: Array("/chat/completions".utf8), model: Array("gpt-test".utf8),
                namespace: nil, usage: nil, tags: tags,
                credentialScope: Array(repeating: 7, count: 32), chunks: []),
            body: body)
    }

    /// An entry with any text.
    static func entry(
        _ number: Int, text: [UInt8], retainedUntil: Int64? = nil, tags: [[UInt8]] = []
    ) -> StoredEntry {
        StoredEntry(
            key: key(number), text: text, retainedUntil: retainedUntil,
            labels: EntryLabels(
                tags: tags, model: Array("gpt-test".utf8), namespace: Array("tests".utf8),
                credentialScope: Array(repeating: 7, count: 32),
                upstream: Array("https://api.example.com/v1".utf8)))
    }
}
