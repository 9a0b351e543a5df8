public import RepriseCore
public import RepriseNetwork

/// A place that keeps stored responses beyond the life of this process.
///
/// A store holds opaque text under a key. It knows nothing of HTTP and checks nothing in the text.
///
/// Nothing here blocks its caller. Loads may be under way in any number, on any loop. Of `write` and
/// `maintain` one call is under way at a time; who waits for one may give up, and a store that is
/// still at it then fails the next call at once. What was given up may still take effect, but before
/// anything that is asked for later.
public protocol ResponseStore: AnyObject, Sendable {
    /// The word for this kind of store in logs and metrics, such as `sqlite`.
    var kind: String { get }

    /// Whether nothing is stored under a key, as far as that can be told without waiting.
    ///
    /// True only if the store held nothing under the key at some moment of this call: neither a
    /// write of this process nor one of another that had ended before is overlooked. From any
    /// thread; it takes about as long as a look into a table.
    func certainlyLacks(_ key: CacheKey) -> Bool

    /// Reads the text stored under a key.
    ///
    /// - Parameters:
    ///   - key: The key to look for.
    ///   - loop: The loop that the caller is on.
    ///   - completion: Called once on the loop, always in a later turn than this call's, unless the
    ///     attempt is cancelled: with the exact bytes of the last save, or nil when there is none,
    ///     when it was removed or evicted, or when its retention is over.
    /// - Returns: What gives the load up; on the loop alone.
    func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt

    /// Does what a batch says, in its order: all of it, or (for a store that has transactions) none.
    ///
    /// - Parameter completion: Called once, on any thread, in this call or later.
    func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void)

    /// Does what is due now and then, such as writing noted uses. Called every few seconds.
    ///
    /// - Parameter completion: Called once, on any thread, in this call or later.
    func maintain(_ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void)

    /// Releases files, connections and threads. Later calls fail with
    /// ``StoreError/unavailable(_:)``.
    ///
    /// - Parameter completion: Called once, on any thread, when all is released; not at all while
    ///   the system below hangs.
    func close(_ completion: @escaping @Sendable () -> Void)
}

extension ResponseStore {
    /// False: for a store that cannot tell without waiting.
    public func certainlyLacks(_ key: CacheKey) -> Bool { false }

    /// Does nothing, for a store without upkeep.
    public func maintain(_ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        completion(.success(()))
    }
}

/// One change of what a store holds.
public enum StoreWrite: Sendable, Equatable {
    /// Stores an entry in place of what stands under its key.
    case save(StoredEntry)
    /// Removes what stands under a key; that nothing does is no error.
    case remove(CacheKey)
}

/// What a persistent store holds for one key: opaque text, and the labels it may be purged by.
public struct StoredEntry: Sendable, Equatable {
    /// The key that the text is found by.
    public var key: CacheKey
    /// The encoded entry.
    public var text: [UInt8]
    /// When the entry may be forgotten, in milliseconds since the epoch; nil when never.
    public var retainedUntil: Int64?
    /// What the entry may be purged by.
    public var labels: EntryLabels

    /// Makes an entry from its parts.
    public init(key: CacheKey, text: [UInt8], retainedUntil: Int64?, labels: EntryLabels) {
        self.key = key
        self.text = text
        self.retainedUntil = retainedUntil
        self.labels = labels
    }
}
