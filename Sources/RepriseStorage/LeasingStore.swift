public import RepriseCore
public import RepriseNetwork

/// A persistent store through which servers tell each other of the upstream calls that they make.
///
/// A lease is a promise with a deadline, not a lock: should its holder stall, two servers may make
/// the same call, which costs money and does no harm.
///
/// Completions are called once on the loop, in a later turn.
public protocol LeasingStore: ResponseStore {
    /// Takes the lease of a key, unless somebody holds it.
    ///
    /// - Parameters:
    ///   - key: The key that an upstream call would answer.
    ///   - holder: Tells this holder from all others.
    ///   - duration: When the lease ends by itself, at least 1 ms.
    ///   - completion: Told whether `holder` has it now.
    func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void)

    /// Makes a lease last for `duration` from now.
    ///
    /// - Parameter completion: Told false when `holder` does not hold it any more.
    func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void)

    /// Ends a lease before its time; without effect when `holder` does not hold it.
    ///
    /// - Parameter completion: Told whether it held it.
    func endLease(
        of key: CacheKey, for holder: LeaseHolder, on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void)
}

/// Who holds a lease, told from all others on all machines.
public struct LeaseHolder: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    public let text: String

    /// Makes a holder from 128 random bits of a loop.
    public init(on loop: any EventLoop) {
        let words = [loop.randomNumber(), loop.randomNumber()]
        text = words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The name of a key's lease in a store that others use too.
    static func name(of key: CacheKey) -> [UInt8] { Array("reprise:lease:".utf8) + key.hex }
}

extension Duration {
    /// Whole milliseconds, rounded down, at least 1: what a lease may last.
    var leaseMilliseconds: String { String(max(1, wholeNanoseconds / 1_000_000)) }
}
