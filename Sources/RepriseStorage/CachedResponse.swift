import Crypto
public import NIOCore
public import RepriseCore

/// One complete stored response, immutable, and shared by everybody who replays it.
public final class CachedResponse: Sendable {
    /// Status, headers and times of the response.
    public let metadata: EntryMetadata
    /// The body, exactly as the upstream sent it.
    public let body: ByteBuffer
    /// The head's constant part, ready to be written; see ``ReplayHead``.
    public let replayHead: [UInt8]
    /// An estimate of the memory that this object holds, in bytes, with the memory tier's own
    /// bookkeeping for it.
    public let cost: Int

    /// The bytes that an entry costs apart from its body and the bytes of its metadata: this
    /// object, the buffer's storage object, and in the memory tier a slot, an index cell, and a
    /// remembered key after eviction.
    public static let overhead = 768

    /// Makes a response from its parts.
    ///
    /// - Parameters:
    ///   - metadata: Status, headers and times; its length and digest must be those of `body`.
    ///   - body: The body. A view into a much larger buffer is copied, so as not to keep it alive.
    public init(metadata: EntryMetadata, body: ByteBuffer) {
        self.metadata = metadata
        var body = body
        if body.storageCapacity > 2 * max(body.readableBytes, 32) {
            body = ByteBuffer(bytes: body.readableBytesView)
        }
        self.body = body
        self.replayHead = ReplayHead.bytes(of: metadata)
        self.cost =
            Self.overhead + body.storageCapacity + replayHead.count + Self.cost(of: metadata)
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

extension CachedResponse {
    /// Encodes the response as the text that stores hold.
    func encoded() -> ByteBuffer {
        let text = body.withUnsafeReadableBytes { bytes in
            let body = bytes.bindMemory(to: UInt8.self)
            return EntryCodec.encode(metadata, body: Span(_unsafeElements: body))
        }
        return ByteBuffer(bytes: text)
    }

    /// Decodes a store's text, and checks the SHA-256 of the body against the metadata.
    ///
    /// - Returns: nil when the text is not an entry of a known version, or not a whole one.
    static func decode(_ text: ByteBuffer) -> CachedResponse? {
        text.withUnsafeReadableBytes { bytes in
            let text = bytes.bindMemory(to: UInt8.self)
            guard let entry = try? EntryCodec.decode(Span(_unsafeElements: text)) else {
                // The reason does not matter: whatever cannot be read is a miss.
                return nil
            }
            let digest = SHA256.hash(data: entry.body)
            guard digest.withUnsafeBytes({ $0.elementsEqual(entry.metadata.bodyDigest) }) else {
                return nil
            }
            return CachedResponse(metadata: entry.metadata, body: ByteBuffer(bytes: entry.body))
        }
    }
}
