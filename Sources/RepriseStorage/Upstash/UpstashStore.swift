public import AsyncHTTPClient
public import Logging
public import NIOCore
import NIOHTTP1
public import RepriseCore
import Synchronization

/// A persistent store in an Upstash Redis database, by its REST API
/// (upstash.com/docs/redis/features/restapi), under the names that the Redis store and the Worker
/// use too.
///
/// Every call is one `POST /pipeline`, or a few when a batch is large. Replies are asked for in
/// base64, so that a stored text comes back byte for byte whatever JSON makes of it.
///
/// Upstash replicates after the fact. A request carries the `upstash-sync-token` of this store's last
/// write, so that no replica answers with less than that (upstash.com/docs/redis/howto/readyourwrites);
/// what others wrote may be seen a little later.
///
/// A request may have 10 MB in the small plans, more in others
/// (upstash.com/docs/redis/troubleshooting/max_request_size_exceeded). An entry that Upstash finds
/// too large is left out, and what stood under its key is removed.
public final class UpstashStore: ResponseStore {
    /// `upstash`
    public let kind = "upstash"

    let rest: RESTClient
    let limits: RESTLimits
    let clock: WallClock
    private let url: String
    private let answerLimit: Int
    private let logger: Logger
    private let refusesIndex = Mutex(false)
    /// What the last write's answer says of the state that it has brought about.
    private let syncToken = Mutex<String?>(nil)

    private static let syncField = "upstash-sync-token"
    /// The size in bytes up to which entries share a request.
    static let pipelineBytes = 1 << 20
    /// The longest life that is asked for, in milliseconds: some 2,000 years. Redis refuses one
    /// that its own clock cannot count.
    private static let longestLife: Int64 = 1 << 46

    /// Makes a store, without connecting.
    ///
    /// - Parameters:
    ///   - access: The database.
    ///   - limits: Deadlines, and the size of what is read.
    ///   - client: Sends the requests. It should neither follow redirects nor retry connecting, and
    ///     is to be shut down by the caller, after ``close()``.
    ///   - clock: What retention is counted by.
    ///   - logger: Is told when the purge index is refused.
    public init(
        access: UpstashAccess, limits: RESTLimits = RESTLimits(), client: HTTPClient,
        clock: WallClock = .system, logger: Logger
    ) {
        rest = RESTClient(
            client: client, service: "Upstash", token: access.token,
            headers: ["upstash-encoding": "base64"], clock: clock)
        url = access.base.text + "/pipeline"
        // The entry may hold the body in base64, and the answer holds the entry in base64.
        answerLimit = min(max(0, limits.maximumEntrySize), 256 << 20) / 9 * 16 + (4 << 20)
        self.limits = limits
        self.clock = clock
        self.logger = logger
    }

    /// Reads an entry; see ``ResponseStore/load(_:)``.
    public func load(_ key: CacheKey) async throws(StoreError) -> ByteBuffer? {
        var pipeline = UpstashPipeline()
        pipeline.append("GET", [key.storeName])
        let results = try await run(
            pipeline, by: .now() + TimeAmount(limits.lookupDeadline), endsEarly: true)
        switch results?.first {
        case nil, .nothing: return nil
        case .text(let text):
            guard let stored = UpstashResult.stored(text) else { throw Self.isNoUpstash }
            return stored
        case .error(let message): throw Self.refusal("GET", message)
        case .integer, .other: throw Self.isNoUpstash
        }
    }

    /// Stores entries; see ``ResponseStore/save(_:)``. Not in a transaction: of a batch that fails,
    /// some may be stored.
    public func save(_ entries: [StoredEntry]) async throws(StoreError) {
        let deadline = NIODeadline.now() + TimeAmount(limits.writeDeadline)
        var group: [StoredEntry] = []
        var bytes = 0
        for entry in entries {
            if !group.isEmpty, bytes + entry.text.readableBytes > Self.pipelineBytes {
                try await save(group: group, by: deadline)
                group = []
                bytes = 0
            }
            group.append(entry)
            bytes += entry.text.readableBytes
        }
        if !group.isEmpty { try await save(group: group, by: deadline) }
    }

    /// Removes entries; see ``ResponseStore/remove(_:)``. What an index says of them stays until
    /// it expires.
    public func remove(_ keys: [CacheKey]) async throws(StoreError) {
        try await remove(keys, by: .now() + TimeAmount(limits.writeDeadline))
    }

    /// Refuses later calls; one that is under way ends by its own deadline.
    public func close() async { rest.close() }

    // MARK: - Requests

    /// Sends commands and gives the result of each; nil when the answer is too large.
    func run(
        _ pipeline: UpstashPipeline, by deadline: NIODeadline, endsEarly: Bool
    ) async throws(StoreError) -> [UpstashResult]? {
        var headers: HTTPHeaders = ["content-type": "application/json"]
        if let token = syncToken.withLock({ $0 }) {
            headers.add(name: Self.syncField, value: token)
        }
        let call = RESTClient.Call(
            method: .POST, url: url, headers: headers, body: pipeline.body,
            answerLimit: answerLimit, deadline: deadline)
        guard let answer = try await rest.answer(to: call, endsEarly: endsEarly) else {
            return nil
        }
        // A read may have been answered by a replica that is behind.
        if !endsEarly, let token = answer.headers.first(name: Self.syncField),
            token.utf8.count <= 1024
        {
            syncToken.withLock { $0 = token }
        }
        guard answer.status == 200 else {
            // Upstash says so of a request that is too large as a whole, in one way or another.
            let message = UpstashResult.failure(answer.body)
            if answer.status == 413 || message.map(Self.isTooLarge) == true {
                return Array(repeating: .error(Self.tooLarge), count: pipeline.count)
            }
            throw Self.refusal(status: answer.status, message)
        }
        guard let results = UpstashResult.list(answer.body), results.count == pipeline.count else {
            throw Self.isNoUpstash
        }
        return results
    }

    private func save(
        group: [StoredEntry], by deadline: NIODeadline
    ) async throws(StoreError) {
        let now = clock.now()
        var pipeline = UpstashPipeline()
        for update in PurgeIndexUpdate.updates(for: group, now: now) {
            pipeline.append(
                script: PurgeIndex.script, key: update.name, arguments: update.arguments)
        }
        let indexCommands = pipeline.count
        for entry in group {
            let life = entry.retainedUntil.map { end in
                min(max(1, end.subtractingReportingOverflow(now).partialValue), Self.longestLife)
            }
            pipeline.append(setting: entry.key.storeName, to: entry.text, for: life)
        }
        guard let results = try await run(pipeline, by: deadline, endsEarly: false) else {
            throw Self.isNoUpstash
        }
        report(index: results[..<indexCommands])
        var tooLarge: [CacheKey] = []
        for (entry, result) in zip(group, results[indexCommands...]) {
            switch result {
            case .text(Self.ok): continue
            case .error(let message) where Self.isTooLarge(message): tooLarge.append(entry.key)
            case .error(let message): throw Self.refusal("SET", message)
            case .nothing, .text, .integer, .other: throw Self.isNoUpstash
            }
        }
        // An older entry must not be found in the place of one that was left out.
        if !tooLarge.isEmpty { try await remove(tooLarge, by: deadline) }
    }

    private func remove(_ keys: [CacheKey], by deadline: NIODeadline) async throws(StoreError) {
        for start in stride(from: 0, to: keys.count, by: 1000) {
            var pipeline = UpstashPipeline()
            let some = keys[start..<min(start + 1000, keys.count)]
            pipeline.append("DEL", some.map(\.storeName))
            switch try await run(pipeline, by: deadline, endsEarly: false)?.first {
            case .integer: continue
            case .error(let message): throw Self.refusal("DEL", message)
            default: throw Self.isNoUpstash
            }
        }
    }

    private func report(index results: ArraySlice<UpstashResult>) {
        guard !results.isEmpty else { return }
        let message = results.lazy.compactMap { result -> [UInt8]? in
            if case .error(let message) = result { message } else { nil }
        }.first
        let isChange = refusesIndex.withLock { refuses in
            defer { refuses = message != nil }
            return refuses != (message != nil)
        }
        guard isChange else { return }
        if let message {
            logger.warning(
                "Upstash refuses the purge index; what is stored cannot be purged by its labels.",
                metadata: ["error": "\(PeerText.line(message))"])
        } else {
            logger.notice("Upstash takes the purge index again.")
        }
    }
}
