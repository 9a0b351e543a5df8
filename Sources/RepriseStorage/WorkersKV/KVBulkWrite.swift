import NIOCore
import RepriseCore

/// The body of a bulk write: a JSON array of keys, values, lives and metadata
/// (developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/bulk_update).
struct KVBulkWrite {
    /// How many entries there are.
    private(set) var count = 0
    private var json: [UInt8] = [UInt8(ascii: "[")]

    /// The body of the request.
    var body: ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(json.count + 1)
        body.writeBytes(json)
        body.writeInteger(UInt8(ascii: "]"))
        return body
    }

    /// Adds an entry.
    ///
    /// - Parameter seconds: How long KV is to keep it, at least 60; nil for good.
    mutating func append(_ entry: StoredEntry, for seconds: Int64?) {
        if count > 0 { json.append(UInt8(ascii: ",")) }
        count += 1
        json += "{\"key\":".utf8
        JSONText.appendQuoted(entry.key.storeName.span, to: &json)
        if let seconds { json += ",\"expiration_ttl\":\(seconds)".utf8 }
        json += ",\"metadata\":".utf8
        json += KVMetadata.json(entry)
        json += ",\"value\":".utf8
        entry.text.withUnsafeReadableBytes { bytes in
            JSONText.appendQuoted(
                Span(_unsafeElements: bytes.bindMemory(to: UInt8.self)), to: &json)
        }
        json.append(UInt8(ascii: "}"))
    }

    /// The body of a bulk deletion: a JSON array of names.
    static func names(_ keys: some Sequence<CacheKey>) -> ByteBuffer {
        var json = [UInt8(ascii: "[")]
        for key in keys {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            JSONText.appendQuoted(key.storeName.span, to: &json)
        }
        json.append(UInt8(ascii: "]"))
        return ByteBuffer(bytes: json)
    }
}
