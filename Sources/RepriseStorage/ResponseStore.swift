public import NIOCore
public import RepriseCore

/// A place that keeps stored responses beyond the life of this process.
///
/// A store holds opaque text under a key. It knows nothing of HTTP and checks nothing in the text.
///
/// `load` must return soon after its task is cancelled, even when the work below it is stuck: that
/// is how its deadline is kept. The other methods go on when their task is cancelled, for the last
/// batch is written while a service is being cancelled; each must give up by itself within 10 s.
/// Work that was given up may still take effect, but before anything that is asked for later.
///
/// All methods may be called concurrently, but only one task at a time calls `save`, `remove` and
/// `maintain`.
public protocol ResponseStore: Sendable {
    /// The word for this kind of store in logs and metrics, such as `sqlite`.
    var kind: String { get }

    /// Reads the text stored under a key.
    ///
    /// - Returns: The exact bytes of the last save, or nil when there is none, when it was removed
    ///   or evicted, or when its retention is over.
    func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer?

    /// Stores entries, replacing what stood under their keys, all or (for a store that has
    /// transactions) none. When a key occurs more than once, the last one counts.
    func save(_ entries: [StoredEntry]) async throws(StoreError)

    /// Removes what stands under the keys; a key that is not there is no error.
    func remove(_ keys: [CacheKey]) async throws(StoreError)

    /// Does what is due now and then, such as writing noted uses. Called about every 30 s by the
    /// task that saves.
    func maintain() async throws(StoreError)

    /// Releases files and connections. Later calls throw ``StoreError/unavailable(_:)``.
    func close() async
}

extension ResponseStore {
    /// Does nothing, for a store without upkeep.
    public func maintain() async throws(StoreError) {}
}

/// What a persistent store holds for one key: opaque text, and the labels it may be purged by.
public struct StoredEntry: Sendable, Equatable {
    /// The key that the text is found by.
    public var key: CacheKey
    /// The encoded entry.
    public var text: ByteBuffer
    /// When the entry may be forgotten, in milliseconds since the epoch; nil when never.
    public var retainedUntil: Int64?
    /// What the entry may be purged by.
    public var labels: EntryLabels

    /// Makes an entry from its parts.
    public init(key: CacheKey, text: ByteBuffer, retainedUntil: Int64?, labels: EntryLabels) {
        self.key = key
        self.text = text
        self.retainedUntil = retainedUntil
        self.labels = labels
    }
}

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
