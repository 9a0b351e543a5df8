public import RepriseCore
public import RepriseNetwork

extension RedisStore: LeasingStore {
    /// `KEYS[1]` is the lease, `ARGV[1]` its holder, `ARGV[2]` its new time in milliseconds.
    private static let renewal = Array(
        ("if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
            + "return redis.call('PEXPIRE',KEYS[1],ARGV[2])").utf8)
    /// `KEYS[1]` is the lease, `ARGV[1]` its holder.
    private static let end = Array(
        ("if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
            + "return redis.call('DEL',KEYS[1])").utf8)

    /// Takes a lease; see ``LeasingStore``.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        let command = RedisCommand(
            "SET", key: LeaseHolder.name(of: key), holder.text, "NX", "PX",
            duration.leaseMilliseconds)
        _ = ask(command, on: loop) { completion($0.map { $0 != .null }) }
    }

    /// Renews a lease; see ``LeasingStore``.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        let command = RedisCommand.run(
            Self.renewal, key: LeaseHolder.name(of: key),
            arguments: [Array(holder.text.utf8), Array(duration.leaseMilliseconds.utf8)])
        _ = ask(command, on: loop) { completion($0.map { $0 == .integer(1) }) }
    }

    /// Ends a lease; see ``LeasingStore``.
    public func endLease(
        of key: CacheKey, for holder: LeaseHolder, on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        let command = RedisCommand.run(
            Self.end, key: LeaseHolder.name(of: key), arguments: [Array(holder.text.utf8)])
        _ = ask(command, on: loop) { completion($0.map { $0 == .integer(1) }) }
    }
}
