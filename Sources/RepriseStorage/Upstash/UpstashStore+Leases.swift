public import RepriseCore
public import RepriseNetwork

extension UpstashStore: LeasingStore {
    /// Makes the lease of `KEYS[1]` last `ARGV[2]` ms from now, if `ARGV[1]` holds it.
    private static let renewal: StaticString = """
        if redis.call('GET',KEYS[1])==ARGV[1] then
        return redis.call('PEXPIRE',KEYS[1],ARGV[2]) end
        return 0
        """

    /// Ends the lease of `KEYS[1]`, if `ARGV[1]` holds it.
    private static let end: StaticString = """
        if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end
        return 0
        """

    /// Takes a lease with `SET NX`; see ``LeasingStore``.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        var pipeline = UpstashPipeline()
        let words = [holder.text, "NX", "PX", duration.leaseMilliseconds].map { Array($0.utf8) }
        pipeline.append("SET", [LeaseHolder.name(of: key)] + words)
        run(pipeline, within: limits.lookupDeadline, isWrite: true, on: loop) { result in
            completion(
                result.flatMap { results in
                    switch results?.first {
                    case .text(Self.ok): .success(true)
                    case .nothing: .success(false)
                    case .error(let message): .failure(Self.refusal("SET", message))
                    default: .failure(Self.isNoUpstash)
                    }
                })
        }
    }

    /// Renews a lease by a script; see ``LeasingStore``.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration,
        on loop: any EventLoop, _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        run(
            Self.renewal, key, [holder.text, duration.leaseMilliseconds], on: loop, completion)
    }

    /// Ends a lease by a script; see ``LeasingStore``.
    public func endLease(
        of key: CacheKey, for holder: LeaseHolder, on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        run(Self.end, key, [holder.text], on: loop, completion)
    }

    private func run(
        _ script: StaticString, _ key: CacheKey, _ arguments: [String], on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        var pipeline = UpstashPipeline()
        pipeline.append(
            script: script, key: LeaseHolder.name(of: key),
            arguments: arguments.map { Array($0.utf8) })
        run(pipeline, within: limits.lookupDeadline, isWrite: true, on: loop) { result in
            completion(
                result.flatMap { results in
                    switch results?.first {
                    case .integer(let count): .success(count > 0)
                    case .error(let message): .failure(Self.refusal("EVAL", message))
                    default: .failure(Self.isNoUpstash)
                    }
                })
        }
    }
}
