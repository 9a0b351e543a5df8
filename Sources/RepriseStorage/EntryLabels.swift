public import RepriseCore

/// The labels of one entry that a purge may select by.
public struct EntryLabels: Sendable, Equatable {
    /// The tags that the client gave.
    public var tags: [[UInt8]]
    /// The model that the request named.
    public var model: [UInt8]?
    /// The namespace that the client gave.
    public var namespace: [UInt8]?
    /// The SHA-256 of the credential, 32 bytes.
    public var credentialScope: [UInt8]
    /// The upstream's identity.
    public var upstream: [UInt8]

    /// Makes labels from their parts.
    public init(
        tags: [[UInt8]] = [], model: [UInt8]? = nil, namespace: [UInt8]? = nil,
        credentialScope: [UInt8] = [], upstream: [UInt8] = []
    ) {
        self.tags = tags
        self.model = model
        self.namespace = namespace
        self.credentialScope = credentialScope
        self.upstream = upstream
    }

    /// The labels that an entry's metadata carries.
    public init(_ metadata: EntryMetadata) {
        self.init(
            tags: metadata.tags, model: metadata.model, namespace: metadata.namespace,
            credentialScope: metadata.credentialScope, upstream: metadata.upstream)
    }
}
