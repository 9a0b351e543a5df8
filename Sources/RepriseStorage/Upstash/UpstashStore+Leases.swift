public import RepriseCore
import NIOCore

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
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        var pipeline = UpstashPipeline()
        pipeline.append(
            "SET",
            [
                Self.leaseName(key), Array(holder.text.utf8), Array("NX".utf8), Array("PX".utf8),
                Self.milliseconds(duration),
            ])
        return switch try await result(of: pipeline) {
        case .text(Self.ok): true
        case .nothing: false
        case .error(let message): throw Self.refusal("SET", message)
        default: throw Self.isNoUpstash
        }
    }

    /// Renews a lease by a script; see ``LeasingStore``.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        var pipeline = UpstashPipeline()
        pipeline.append(
            script: Self.renewal, key: Self.leaseName(key),
            arguments: [Array(holder.text.utf8), Self.milliseconds(duration)])
        return try await count(of: pipeline, "EVAL") > 0
    }

    /// Ends a lease by a script; see ``LeasingStore``.
    public func endLease(of key: CacheKey, for holder: LeaseHolder) async throws(StoreError) {
        var pipeline = UpstashPipeline()
        pipeline.append(
            script: Self.end, key: Self.leaseName(key), arguments: [Array(holder.text.utf8)])
        _ = try await count(of: pipeline, "EVAL")
    }

    /// Asks for a lease with `EXISTS`; see ``LeasingStore``.
    public func isLeased(_ key: CacheKey) async throws(StoreError) -> Bool {
        var pipeline = UpstashPipeline()
        pipeline.append("EXISTS", [Self.leaseName(key)])
        return try await count(of: pipeline, "EXISTS") > 0
    }

    private func count(
        of pipeline: UpstashPipeline, _ command: StaticString
    ) async throws(StoreError) -> Int64 {
        switch try await result(of: pipeline) {
        case .integer(let count): return count
        case .error(let message): throw Self.refusal(command, message)
        default: throw Self.isNoUpstash
        }
    }

    private func result(of pipeline: UpstashPipeline) async throws(StoreError) -> UpstashResult? {
        try await run(pipeline, by: .now() + TimeAmount(limits.lookupDeadline), endsEarly: false)?
            .first
    }

    private static func leaseName(_ key: CacheKey) -> [UInt8] {
        Array("reprise:lease:".utf8) + key.hex
    }

    private static func milliseconds(_ duration: Duration) -> [UInt8] {
        Array(String(max(1, duration.milliseconds)).utf8)
    }
}
