import NIOCore
public import RepriseCore

extension RedisStore: LeasingStore {
    /// `KEYS[1]` is the lease, `ARGV[1]` its holder, `ARGV[2]` its new time in milliseconds.
    private static let renewal = ByteBuffer(
        string: "if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
            + "return redis.call('PEXPIRE',KEYS[1],ARGV[2])")
    /// `KEYS[1]` is the lease, `ARGV[1]` its holder.
    private static let end = ByteBuffer(
        string: "if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
            + "return redis.call('DEL',KEYS[1])")

    /// Takes a lease; see ``LeasingStore/takeLease(of:for:lasting:)``.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        var command = RedisCommand.about(Self.lease(of: key), "SET")
        for word in [holder.text, "NX", "PX", Self.milliseconds(duration)] {
            command.words.append(ByteBuffer(string: word))
        }
        return try await ask(command) != .null
    }

    /// Renews a lease; see ``LeasingStore/renewLease(of:for:lasting:)``.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        let arguments = [Array(holder.text.utf8), Array(Self.milliseconds(duration).utf8)]
        let command = RedisCommand.run(
            Self.renewal, key: Self.lease(of: key), arguments: arguments)
        return try await ask(command) == .integer(1)
    }

    /// Ends a lease; see ``LeasingStore/endLease(of:for:)``.
    public func endLease(of key: CacheKey, for holder: LeaseHolder) async throws(StoreError) {
        let arguments = [Array(holder.text.utf8)]
        _ = try await ask(
            RedisCommand.run(Self.end, key: Self.lease(of: key), arguments: arguments))
    }

    /// Whether a key is leased; see ``LeasingStore/isLeased(_:)``.
    public func isLeased(_ key: CacheKey) async throws(StoreError) -> Bool {
        try await ask(RedisCommand.about(Self.lease(of: key), "EXISTS")) == .integer(1)
    }

    private static func lease(of key: CacheKey) -> [UInt8] {
        Array("reprise:lease:".utf8) + key.hex
    }

    private static func milliseconds(_ duration: Duration) -> String {
        String(max(1, duration.milliseconds))
    }
}
