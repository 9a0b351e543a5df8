public import RepriseCore

/// The SHA-256 of all bytes of a request that its cache key depends on, as they were sent.
///
/// Two requests of one alias have one key, since the key is a function of those bytes; one key has
/// as many aliases as there are ways to write its request.
public struct RequestAlias: Hashable, Sendable {
    let digest: CacheKey

    /// Makes an alias from its digest.
    public init(digest: CacheKey) {
        self.digest = digest
    }
}
