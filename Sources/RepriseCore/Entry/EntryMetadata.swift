/// What an entry says about its response, beside the body.
public struct EntryMetadata: Equatable, Sendable {
    /// The status code.
    public var status: Int32
    /// The header fields that are replayed.
    public var headers: [HeaderField]
    /// When the response was complete, in milliseconds since the epoch.
    public var storedAt: Int64
    /// Freshness lifetime in seconds; nil: fresh until evicted.
    public var ttl: Int64?
    /// Bytes of the body.
    public var bodyLength: Int64
    /// SHA-256 of the body, 32 bytes.
    public var bodyDigest: [UInt8]
    /// The upstream's base URL.
    public var upstream: [UInt8]
    /// The path below the base.
    public var path: [UInt8]
    /// The model that the request named.
    public var model: [UInt8]?
    /// The name of the separate key space, if the request chose one.
    public var namespace: [UInt8]?
    /// What the response cost, where the upstream said so.
    public var usage: Usage?
    /// Labels to purge by.
    public var tags: [[UInt8]]
    /// SHA-256 of ``KeyMaterial/credentialScope(of:)``, 32 bytes.
    public var credentialScope: [UInt8]
    /// When each chunk of the body came.
    public var chunks: [StreamChunk]

    /// Makes metadata from its parts.
    public init(
        status: Int32, headers: [HeaderField], storedAt: Int64, ttl: Int64?, bodyLength: Int64,
        bodyDigest: [UInt8], upstream: [UInt8], path: [UInt8], model: [UInt8]?,
        namespace: [UInt8]?, usage: Usage?, tags: [[UInt8]], credentialScope: [UInt8],
        chunks: [StreamChunk]
    ) {
        self.status = status
        self.headers = headers
        self.storedAt = storedAt
        self.ttl = ttl
        self.bodyLength = bodyLength
        self.bodyDigest = bodyDigest
        self.upstream = upstream
        self.path = path
        self.model = model
        self.namespace = namespace
        self.usage = usage
        self.tags = tags
        self.credentialScope = credentialScope
        self.chunks = chunks
    }
}
