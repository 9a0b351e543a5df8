internal import RepriseCore

/// The body of a bulk write: a JSON array of keys, values, lives and metadata
/// (developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/bulk_update).
struct KVBulkWrite {
    private var entries = JSONArrayBody()

    /// How many entries there are.
    var count: Int { entries.count }

    /// The body of the request.
    var body: [UInt8] { entries.bytes }

    /// Adds an entry.
    ///
    /// - Parameter seconds: How long KV is to keep it, at least 60; nil for good.
    mutating func append(_ entry: StoredEntry, for seconds: Int64?) {
        entries.beginElement()
        entries.json += "{\"key\":".utf8
        JSONText.appendQuoted(entry.key.storeName.span, to: &entries.json)
        if let seconds { entries.json += ",\"expiration_ttl\":\(seconds)".utf8 }
        entries.json += ",\"metadata\":".utf8
        entries.json += KVMetadata.json(
            retainedUntil: entry.retainedUntil, indexNames: entry.labels.indexNames)
        entries.json += ",\"value\":".utf8
        entries.appendQuoted(entry.text)
        entries.json.append(UInt8(ascii: "}"))
    }

    /// The body of a bulk deletion: a JSON array of names.
    static func names(_ keys: some Sequence<CacheKey>) -> [UInt8] {
        var names = JSONArrayBody()
        for key in keys {
            names.beginElement()
            JSONText.appendQuoted(key.storeName.span, to: &names.json)
        }
        return names.bytes
    }
}
