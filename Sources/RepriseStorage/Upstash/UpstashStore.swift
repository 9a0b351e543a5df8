public import RepriseCore
public import RepriseLogging
public import RepriseNetwork
internal import Synchronization

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

    let limits: RESTLimits
    private let rest: RESTClient
    private let answerLimit: Int
    private let logger: Logger
    private let refusesIndex = Mutex(false)
    /// What the last write's answer says of the state that it has brought about.
    private let syncToken = Mutex<String?>(nil)

    private static let syncField: StaticString = "upstash-sync-token"
    /// The size in bytes up to which entries share a request.
    static let pipelineBytes = 1 << 20
    /// How many keys are removed by one request.
    private static let keysAtOnce = 1000
    /// The longest life that is asked for, in milliseconds: some 2,000 years. Redis refuses one
    /// that its own clock cannot count.
    private static let longestLife: Int64 = 1 << 46

    /// Makes a store, without connecting.
    ///
    /// - Parameters:
    ///   - access: The database.
    ///   - limits: Deadlines, and the size of what is read.
    ///   - network: The loops that lookups come from.
    ///   - makeClient: Makes the HTTP client of a loop, on its thread.
    ///   - logger: Is told when the purge index is refused.
    public init(
        access: UpstashAccess, limits: RESTLimits = RESTLimits(), network: any Network,
        makeClient: @escaping @Sendable (any EventLoop) -> HTTPClient, logger: Logger
    ) {
        rest = RESTClient(
            network: network, makeClient: makeClient, service: "Upstash", base: access.base,
            token: access.token,
            fields: [
                (name: "upstash-encoding", value: "base64"),
                (name: "content-type", value: "application/json"),
            ])
        // The entry may hold the body in base64, and the answer holds the entry in base64.
        answerLimit = min(max(0, limits.maximumEntrySize), 256 << 20) / 9 * 16 + (4 << 20)
        self.limits = limits
        self.logger = logger
    }

    /// Reads an entry; see ``ResponseStore/load(_:on:_:)``.
    public func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        let answer = AwaitedAnswer(completion)
        var pipeline = UpstashPipeline()
        pipeline.append("GET", [key.storeName])
        run(pipeline, within: limits.lookupDeadline, isWrite: false, on: loop) { result in
            answer.give(result.flatMap { Self.text($0?.first) })
        }
        return answer
    }

    private static func text(_ result: UpstashResult?) -> Result<[UInt8]?, StoreError> {
        switch result {
        case nil, .nothing: .success(nil)
        case .text(let text):
            UpstashResult.stored(text).map { .success($0) } ?? .failure(isNoUpstash)
        case .error(let message): .failure(refusal("GET", message))
        case .integer, .other: .failure(isNoUpstash)
        }
    }

    /// Stores and removes entries; see ``ResponseStore/write(_:_:)``. Not in a transaction: of a
    /// batch that fails, some may be done. What an index says of a removed entry stays until it
    /// expires.
    public func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        let loop = rest.writingLoop
        loop.post { [self] in
            let steps = Self.groups(of: batch).map { group -> RESTSteps.Step in
                { [self] left, next in perform(group, within: left, on: loop, next) }
            }
            RESTSteps(steps, within: limits.writeDeadline, on: loop) { error in
                completion(error.map { .failure($0) } ?? .success(()))
            }.begin()
        }
    }

    /// Refuses later calls; one that is under way ends by its own deadline.
    public func close(_ completion: @escaping @Sendable () -> Void) { rest.close(completion) }

    // MARK: - Requests

    /// Sends commands and gives the result of each; nil when the answer is too large.
    func run(
        _ pipeline: UpstashPipeline, within limit: Duration, isWrite: Bool, on loop: any EventLoop,
        _ completion: @escaping (Result<[UpstashResult]?, StoreError>) -> Void
    ) {
        var fields: [(name: String, value: String)] = []
        if let token = syncToken.withLock({ $0 }) {
            fields.append((name: "\(Self.syncField)", value: token))
        }
        let call = RESTCall(
            method: "POST", path: "/pipeline", fields: fields, body: pipeline.body,
            answerLimit: answerLimit, limit: limit)
        rest.send(call, on: loop) { [self] result in
            completion(
                result.flatMap { answer in
                    guard let answer else { return .success(nil) }
                    return results(of: answer, count: pipeline.count, isWrite: isWrite)
                })
        }
    }

    private func results(
        of answer: RESTAnswer, count: Int, isWrite: Bool
    ) -> Result<[UpstashResult]?, StoreError> {
        // A read may have been answered by a replica that is behind.
        if isWrite, let token = answer.text(of: Self.syncField), token.utf8.count <= 1024 {
            syncToken.withLock { $0 = token }
        }
        guard answer.status == 200 else {
            // Upstash says so of a request that is too large as a whole, in one way or another.
            let message = UpstashResult.failure(answer.body)
            if answer.status == 413 || message.map(Self.isTooLarge) == true {
                return .success(Array(repeating: .error(Self.tooLarge), count: count))
            }
            return .failure(Self.refusal(status: answer.status, message))
        }
        guard let results = UpstashResult.list(answer.body), results.count == count else {
            return .failure(Self.isNoUpstash)
        }
        return .success(results)
    }

    // MARK: - Writes

    /// Changes of one kind that share a request.
    private enum Group {
        case saves([StoredEntry])
        case removals([CacheKey])
    }

    /// The requests that a batch needs, in its order.
    private static func groups(of batch: [StoreWrite]) -> [Group] {
        var groups: [Group] = []
        var bytes = 0
        for change in batch {
            switch (change, groups.last) {
            case (.save(let entry), .saves(let entries)?)
            where bytes + entry.text.count <= pipelineBytes:
                groups[groups.count - 1] = .saves(entries + [entry])
                bytes += entry.text.count
            case (.save(let entry), _):
                groups.append(.saves([entry]))
                bytes = entry.text.count
            case (.remove(let key), .removals(let keys)?) where keys.count < keysAtOnce:
                groups[groups.count - 1] = .removals(keys + [key])
            case (.remove(let key), _):
                groups.append(.removals([key]))
            }
        }
        return groups
    }

    private func perform(
        _ group: Group, within limit: Duration, on loop: any EventLoop,
        _ next: @escaping (StoreError?) -> Void
    ) {
        switch group {
        case .saves(let entries): save(entries, within: limit, on: loop, next)
        case .removals(let keys): remove(keys, within: limit, on: loop, next)
        }
    }

    private func save(
        _ entries: [StoredEntry], within limit: Duration, on loop: any EventLoop,
        _ next: @escaping (StoreError?) -> Void
    ) {
        let now = loop.wallClock
        let deadline = loop.now + limit
        var pipeline = UpstashPipeline()
        for update in PurgeIndexUpdate.updates(for: entries, now: now) {
            pipeline.append(
                script: PurgeIndex.script, key: update.name, arguments: update.arguments)
        }
        let indexCommands = pipeline.count
        for entry in entries {
            let life = entry.retainedUntil.map { end -> Int64 in
                let (left, isOverflown) = end.subtractingReportingOverflow(now)
                if isOverflown { return end > now ? Self.longestLife : 1 }
                return min(max(1, left), Self.longestLife)
            }
            pipeline.append(setting: entry.key.storeName, to: entry.text, for: life)
        }
        run(pipeline, within: limit, isWrite: true, on: loop) { [self] result in
            switch result {
            case .failure(let error): next(error)
            case .success(nil): next(Self.isNoUpstash)
            case .success(let results?):
                report(index: results[..<indexCommands])
                let (tooLarge, error) = Self.outcome(of: entries, results[indexCommands...])
                if let error { return next(error) }
                // An older entry must not be found in the place of one that was left out.
                guard !tooLarge.isEmpty else { return next(nil) }
                remove(
                    tooLarge, within: max(.milliseconds(1), deadline - loop.now), on: loop, next)
            }
        }
    }

    private static func outcome(
        of entries: [StoredEntry], _ results: ArraySlice<UpstashResult>
    ) -> (tooLarge: [CacheKey], error: StoreError?) {
        var tooLarge: [CacheKey] = []
        for (entry, result) in zip(entries, results) {
            switch result {
            case .text(ok): continue
            case .error(let message) where isTooLarge(message): tooLarge.append(entry.key)
            case .error(let message): return (tooLarge, refusal("SET", message))
            case .nothing, .text, .integer, .other: return (tooLarge, isNoUpstash)
            }
        }
        return (tooLarge, nil)
    }

    private func remove(
        _ keys: [CacheKey], within limit: Duration, on loop: any EventLoop,
        _ next: @escaping (StoreError?) -> Void
    ) {
        var pipeline = UpstashPipeline()
        pipeline.append("DEL", keys.map(\.storeName))
        run(pipeline, within: limit, isWrite: true, on: loop) { result in
            switch result {
            case .failure(let error): next(error)
            case .success(let results):
                switch results?.first {
                case .integer: next(nil)
                case .error(let message): next(Self.refusal("DEL", message))
                default: next(Self.isNoUpstash)
                }
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
            logger.log(
                .warning,
                "Upstash refuses the purge index; what is stored cannot be purged by its labels.",
                [LogField("error", .text(PeerText.line(message)))])
        } else {
            logger.log(.notice, "Upstash takes the purge index again.", [])
        }
    }
}
