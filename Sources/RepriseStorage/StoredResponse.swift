public import RepriseCore
internal import RepriseCrypto

/// One complete stored response, immutable, and shared by everybody who replays it.
public final class StoredResponse: Sendable {
    /// Status, headers and times of the response.
    public let metadata: EntryMetadata
    /// The body, exactly as the upstream sent it.
    public let body: [UInt8]
    /// The head's constant part, ready to be written; see ``ReplayHead``.
    public let replayHead: [UInt8]
    /// An estimate of the memory that this object holds, in bytes, with the memory tier's own
    /// bookkeeping for it.
    public let cost: Int

    /// The bytes that an entry costs apart from its body and the bytes of its metadata: this
    /// object, the body's storage object, and in the memory tier a slot, an index cell, and a
    /// remembered key after eviction.
    public static let overhead = 768

    /// Makes a response from its parts.
    ///
    /// - Parameters:
    ///   - metadata: Status, headers and times; its length and digest must be those of `body`.
    ///   - body: The body. One whose storage is much larger than itself is copied, so as not to
    ///     keep that alive.
    public init(metadata: EntryMetadata, body: [UInt8]) {
        self.metadata = metadata
        var body = body
        if body.capacity > 2 * max(body.count, 32) {
            body = body.withUnsafeBufferPointer { Array($0) }
        }
        self.body = body
        self.replayHead = ReplayHead.bytes(of: metadata)
        self.cost = Self.overhead + body.capacity + replayHead.count + Self.cost(of: metadata)
    }

    /// The heap bytes of metadata: each array has a 32 byte header beside its elements.
    private static func cost(of metadata: EntryMetadata) -> Int {
        var bytes = 0
        for field in metadata.headers { bytes += field.name.count + field.value.count + 80 }
        for tag in metadata.tags { bytes += tag.count + 40 }
        bytes += metadata.upstream.count + metadata.path.count
        bytes += (metadata.model?.count ?? 0) + (metadata.namespace?.count ?? 0)
        bytes += metadata.chunks.count * MemoryLayout<StreamChunk>.stride
        return bytes
    }
}

extension StoredResponse {
    /// Encodes the response as the text that stores hold.
    public func encoded() -> [UInt8] {
        // A span lives no longer than the variable that it is taken of.
        let body = body
        return EntryCodec.encode(metadata, body: body.span)
    }

    /// Decodes a store's text, and checks the SHA-256 of the body against the metadata.
    ///
    /// - Returns: nil when the text is not an entry of a known version, or not a whole one.
    public static func decode(_ text: Span<UInt8>) -> StoredResponse? {
        guard let entry = try? EntryCodec.decode(text) else {
            // The reason does not matter: whatever cannot be read is a miss.
            return nil
        }
        guard SHA256.hash(entry.body.span) == entry.metadata.bodyDigest else { return nil }
        return StoredResponse(metadata: entry.metadata, body: entry.body)
    }

    /// Until when a store keeps the response, in milliseconds since the epoch; nil for ever.
    public var retainedUntil: Int64? {
        Freshness.retainedUntil(storedAt: metadata.storedAt, ttl: metadata.ttl)
    }
}
