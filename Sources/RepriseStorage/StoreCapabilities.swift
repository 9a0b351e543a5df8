public import NIOCore
public import RepriseCore

/// A store that a lookup can ask without leaving its event loop.
public protocol EventLoopStore: ResponseStore {
    /// Reads the text stored under a key, as ``ResponseStore/load(_:)`` does.
    ///
    /// - Parameters:
    ///   - key: The key to look for.
    ///   - eventLoop: The event loop that the caller is on.
    /// - Returns: A future of that event loop; it fails with a ``StoreError`` only. The caller may
    ///   stop waiting for it at any time.
    func load(_ key: CacheKey, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?>
}

/// A store that hands out leases: who holds the lease of a key makes the upstream call for it, so
/// that servers which share the store make one call between them.
///
/// A lease is a promise with a deadline, not a lock: should its holder stall, two servers may make
/// the same call, which costs money and does no harm.
public protocol LeasingStore: ResponseStore {
    /// Takes the lease of a key, unless somebody holds it.
    ///
    /// - Parameters:
    ///   - key: The key that an upstream call would answer.
    ///   - holder: Tells this holder from all others.
    ///   - duration: When the lease ends by itself, at least 1 ms.
    /// - Returns: Whether `holder` has it now.
    func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool

    /// Makes a lease last for `duration` from now.
    ///
    /// - Returns: false when `holder` does not hold it any more.
    func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool

    /// Ends a lease before its time; without effect when `holder` does not hold it.
    func endLease(of key: CacheKey, for holder: LeaseHolder) async throws(StoreError)

    /// Whether anybody holds the lease of a key.
    func isLeased(_ key: CacheKey) async throws(StoreError) -> Bool
}

/// Tells one holder of a lease from all others, on all machines.
public struct LeaseHolder: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    public let text: String

    /// Makes a holder that no other is equal to, from 128 random bits.
    public init() {
        let digits = "0123456789abcdef".utf8.map { Character(Unicode.Scalar($0)) }
        text = String((0..<32).map { _ in digits[Int.random(in: 0..<16)] })
    }
}
