public import AsyncHTTPClient
public import NIOCore
import NIOHTTP1
public import RepriseCore

/// A persistent store in a Cloudflare Workers KV namespace, by Cloudflare's REST API, under the
/// names that the Worker uses too.
///
/// KV is eventually consistent: what one server stores, removes or replaces, others may see up to a
/// minute later (developers.cloudflare.com/kv/concepts/how-kv-works). The API takes 1,200 calls in
/// five minutes of one user, hence batches are written and removed in bulk, and a 429 keeps the
/// store from calling for as long as `Retry-After` says.
///
/// KV keeps nothing for less than 60 s. An entry with a shorter life says its end in its metadata,
/// which is asked for when KV's own expiration is less than that away. An entry of over 25 MiB is
/// left out, and what stood under its key is removed.
public final class WorkersKVStore: ResponseStore {
    /// `workers-kv`
    public let kind = "workers-kv"

    private let rest: RESTClient
    private let limits: RESTLimits
    private let clock: WallClock
    private let url: String
    private let answerLimit: Int

    /// The largest value in bytes (developers.cloudflare.com/kv/platform/limits).
    static let valueLimit = 25 << 20
    /// The shortest life that KV takes, in seconds.
    static let shortestLife: Int64 = 60
    /// The longest life that is asked for, in seconds: a hundred years.
    static let longestLife: Int64 = 100 * 365 * 86_400
    /// What the texts of one bulk write may have together, in bytes. KV takes 100 MB of JSON and
    /// 10,000 keys in a call.
    private static let bulkBytes = 32 << 20
    private static let bulkKeys = 10_000

    /// Makes a store, without connecting.
    ///
    /// - Parameters:
    ///   - access: The namespace.
    ///   - limits: Deadlines, and the size of what is read.
    ///   - client: Sends the requests. It should neither follow redirects nor retry connecting, and
    ///     is to be shut down by the caller, after ``close()``.
    ///   - clock: What retention is counted by.
    public init(
        access: WorkersKVAccess, limits: RESTLimits = RESTLimits(), client: HTTPClient,
        clock: WallClock = .system
    ) {
        rest = RESTClient(
            client: client, service: "Workers KV", token: access.token, clock: clock)
        url =
            "\(access.base.text)/accounts/\(access.account)/storage/kv/namespaces/\(access.namespace)"
        // The entry may hold the body in base64.
        answerLimit = min(
            min(max(0, limits.maximumEntrySize), Self.valueLimit) / 3 * 4 + (4 << 20),
            Self.valueLimit)
        self.limits = limits
        self.clock = clock
    }

    /// Reads an entry; see ``ResponseStore/load(_:)``.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        let deadline = NIODeadline.now() + TimeAmount(limits.lookupDeadline)
        guard
            let answer = try await rest.answer(
                to: read("values", key, by: deadline, limit: answerLimit), endsEarly: true)
        else { return nil }
        guard answer.status == 200 else {
            try checkAbsent(answer)
            return nil
        }
        // The field says in seconds when KV forgets the entry.
        guard let field = answer.headers.first(name: "expiration"), let expiry = Int64(field)
        else { return answer.body }
        let now = clock.now()
        let left = expiry.subtractingReportingOverflow(now / 1000).partialValue
        if left <= 0 { return nil }
        if left > Self.shortestLife { return answer.body }
        return try await isRetained(key, now: now, by: deadline) ? answer.body : nil
    }

    /// Stores entries in bulk; see ``ResponseStore/save(_:)``. Not in a transaction: of a batch that
    /// fails, some may be stored.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        let deadline = NIODeadline.now() + TimeAmount(limits.writeDeadline)
        let now = clock.now()
        var tooLarge: [CacheKey] = []
        var bulk = KVBulkWrite()
        var bytes = 0
        for entry in Self.lastOfEach(entries) {
            guard entry.text.readableBytes <= Self.valueLimit else {
                tooLarge.append(entry.key)
                continue
            }
            if bulk.count > 0,
                bulk.count == Self.bulkKeys || bytes + entry.text.readableBytes > Self.bulkBytes
            {
                try await write(bulk, by: deadline)
                bulk = KVBulkWrite()
                bytes = 0
            }
            bytes += entry.text.readableBytes
            bulk.append(entry, for: Self.life(of: entry, now: now))
        }
        if bulk.count > 0 { try await write(bulk, by: deadline) }
        // An older entry must not be found in the place of one that was left out.
        if !tooLarge.isEmpty { try await remove(tooLarge, by: deadline) }
    }

    /// Removes entries in bulk; see ``ResponseStore/remove(_:)``.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        try await remove(keys, by: .now() + TimeAmount(limits.writeDeadline))
    }

    /// Refuses later calls; one that is under way ends by its own deadline.
    public func close() async { rest.close() }

    // MARK: - Requests

    private func read(
        _ what: String, _ key: CacheKey, by deadline: NIODeadline, limit: Int
    ) -> RESTClient.Call {
        // A colon in a key's name is to be percent-encoded, says the API's reference.
        let name = String(decoding: key.storeName, as: UTF8.self)
            .split(separator: ":").joined(separator: "%3A")
        return RESTClient.Call(
            method: .GET, url: "\(url)/\(what)/\(name)", answerLimit: limit, deadline: deadline)
    }

    private func isRetained(
        _ key: CacheKey, now: Int64, by deadline: NIODeadline
    ) async throws(StoreError) -> Bool {
        guard
            let answer = try await rest.answer(
                to: read("metadata", key, by: deadline, limit: 1 << 16), endsEarly: true)
        else { return true }
        guard answer.status == 200, let envelope = KVAnswer(answer.body) else {
            try checkAbsent(answer)
            return false
        }
        // Without an end of its own, KV's counts, which is not over.
        return envelope.retainedUntil.map { $0 > now } ?? true
    }

    private func write(
        _ bulk: KVBulkWrite, by deadline: NIODeadline
    ) async throws(StoreError) {
        try await change(
            RESTClient.Call(
                method: .PUT, url: "\(url)/bulk", headers: ["content-type": "application/json"],
                body: bulk.body,
                answerLimit: 4 << 20, deadline: deadline))
    }

    private func remove(_ keys: [CacheKey], by deadline: NIODeadline) async throws(StoreError) {
        for start in stride(from: 0, to: keys.count, by: Self.bulkKeys) {
            let some = keys[start..<min(start + Self.bulkKeys, keys.count)]
            try await change(
                RESTClient.Call(
                    method: .POST, url: "\(url)/bulk/delete",
                    headers: ["content-type": "application/json"],
                    body: KVBulkWrite.names(some), answerLimit: 4 << 20, deadline: deadline))
        }
    }

    private func change(_ call: RESTClient.Call) async throws(StoreError) {
        guard let answer = try await rest.answer(to: call, endsEarly: false) else {
            throw Self.isNoCloudflare
        }
        let envelope = KVAnswer(answer.body)
        guard answer.status == 200 else { throw Self.refusal(answer.status, envelope) }
        guard let envelope else { throw Self.isNoCloudflare }
        guard envelope.success else { throw Self.refusal(answer.status, envelope) }
        guard envelope.unsuccessfulKeys == 0 else {
            throw .unavailable("Workers KV left out \(envelope.unsuccessfulKeys) keys of a batch")
        }
    }

    /// Throws unless the answer says that the key is not there.
    private func checkAbsent(_ answer: RESTClient.Answer) throws(StoreError) {
        let envelope = KVAnswer(answer.body)
        if answer.status == 404, envelope?.code == KVAnswer.keyNotFound { return }
        throw Self.refusal(answer.status, envelope)
    }
}
