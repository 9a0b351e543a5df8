/// Stands for all bytes of a request that its cache key depends on, as they were sent: their
/// ``UniversalHash``.
///
/// Two requests of one fingerprint have one key, since the key is a function of those bytes; one
/// key has as many fingerprints as there are ways to write its request. Only the ``MemoryTier`` that
/// made it knows it, and it is never logged, stored or sent (decision 13).
public struct RequestFingerprint: Hashable, Sendable {
    private let first: UInt128
    private let second: UInt128

    init(_ value: (UInt128, UInt128)) {
        (first, second) = value
    }

    /// Feeds a part of the value to a hasher.
    public func hash(into hasher: inout Hasher) {
        // Any eight bytes tell fingerprints apart as well as all of them do.
        hasher.combine(UInt64(truncatingIfNeeded: first))
    }

    /// A number to choose a shard by: evenly spread, independent of the hash.
    var spread: Int { Int(truncatingIfNeeded: second) & Int.max }
}
