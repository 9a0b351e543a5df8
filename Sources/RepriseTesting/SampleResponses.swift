import Crypto
public import NIOCore
public import RepriseCore
public import RepriseStorage

/// Keys, responses and entries for tests, the same for the same number.
public enum SampleResponses {
    /// The key with a number.
    public static func key(_ number: Int) -> CacheKey {
        let digest = Array(SHA256.hash(data: Array("key \(number)".utf8)))
        guard let key = CacheKey(digest: digest.span) else {
            preconditionFailure("a SHA-256 has as many bytes as a key")
        }
        return key
    }

    /// A whole response with a body of so many bytes, which says its number and version.
    public static func response(
        _ number: Int, version: Int = 1, bytes: Int = 64, storedAt: Int64 = 1_700_000_000_000,
        ttl: Int64? = nil, tags: [[UInt8]] = []
    ) -> CachedResponse {
        var body = Array("response \(number) version \(version) ".utf8)
        while body.count < bytes { body.append(UInt8(ascii: "x")) }
        return CachedResponse(
            metadata: EntryMetadata(
                status: 200,
                headers: [
                    HeaderField(name: Array("content-type"), value: Array("application/json"))
                ],
                storedAt: storedAt, ttl: ttl, bodyLength: Int64(body.count),
                bodyDigest: Array(SHA256.hash(data: body)),
                upstream: Array("https://api.example.com/v1"), path: Array("/chat/completions"),
                model: Array("gpt-test"), namespace: nil, usage: nil, tags: tags,
                credentialScope: Array(repeating: 7, count: 32), chunks: []),
            body: ByteBuffer(bytes: body))
    }

    /// An entry with any text.
    public static func entry(
        _ number: Int, text: [UInt8], retainedUntil: Int64? = nil, tags: [[UInt8]] = []
    ) -> StoredEntry {
        StoredEntry(
            key: key(number), text: ByteBuffer(bytes: text), retainedUntil: retainedUntil,
            labels: EntryLabels(
                tags: tags, model: Array("gpt-test"), namespace: Array("tests"),
                credentialScope: Array(repeating: 7, count: 32),
                upstream: Array("https://api.example.com/v1")))
    }
}

extension SampleResponses {
    /// The text that a store holds of the response with a number.
    public static func entryText(
        _ number: Int, version: Int = 1, storedAt: Int64 = 1_700_000_000_000
    ) -> ByteBuffer {
        let response = response(number, version: version, storedAt: storedAt)
        return response.body.withUnsafeReadableBytes { body in
            ByteBuffer(
                bytes: EntryCodec.encode(
                    response.metadata,
                    body: Span(_unsafeElements: body.bindMemory(to: UInt8.self))))
        }
    }
}
