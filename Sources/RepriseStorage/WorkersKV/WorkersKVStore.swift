public import RepriseCore
public import RepriseNetwork

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
    private let path: String
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
    ///   - network: The loops that lookups come from.
    ///   - makeClient: Makes the HTTP client of a loop, on its thread.
    public init(
        access: WorkersKVAccess, limits: RESTLimits = RESTLimits(), network: any Network,
        makeClient: @escaping @Sendable (any EventLoop) -> HTTPClient
    ) {
        rest = RESTClient(
            network: network, makeClient: makeClient, service: "Workers KV", base: access.base,
            token: access.token)
        path = "/accounts/\(access.account)/storage/kv/namespaces/\(access.namespace)"
        // The entry may hold the body in base64.
        answerLimit = min(
            min(max(0, limits.maximumEntrySize), Self.valueLimit) / 3 * 4 + (4 << 20),
            Self.valueLimit)
        self.limits = limits
    }

    /// Reads an entry; see ``ResponseStore/load(_:on:_:)``.
    public func load(
        _ key: CacheKey, on loop: any EventLoop,
        _ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void
    ) -> any LoopAttempt {
        let answer = AwaitedAnswer(completion)
        let deadline = loop.now + limits.lookupDeadline
        let call = read("values", key, within: limits.lookupDeadline, limit: answerLimit)
        rest.send(call, on: loop) { [self] result in
            switch result {
            case .failure(let error): answer.give(.failure(error))
            case .success(nil): answer.give(.success(nil))
            case .success(let found?) where found.status != 200:
                answer.give(Self.absence(found).map { nil })
            case .success(let found?):
                // The field says in seconds when KV forgets the entry.
                guard let expiry = found.text(of: "expiration").flatMap({ Int64($0) }) else {
                    return answer.give(.success(found.body))
                }
                let now = loop.wallClock
                let left = expiry.subtractingReportingOverflow(now / 1000).partialValue
                if left <= 0 { return answer.give(.success(nil)) }
                if left > Self.shortestLife { return answer.give(.success(found.body)) }
                let time = max(.milliseconds(1), deadline - loop.now)
                ifRetained(key, now: now, within: time, on: loop) { result in
                    answer.give(result.map { $0 ? found.body : nil })
                }
            }
        }
        return answer
    }

    /// Stores and removes entries in bulk; see ``ResponseStore/write(_:_:)``. Not in a transaction:
    /// of a batch that fails, some may be done.
    public func write(
        _ batch: [StoreWrite], _ completion: @escaping @Sendable (Result<Void, StoreError>) -> Void
    ) {
        let loop = rest.writingLoop
        loop.post { [self] in
            let steps = calls(for: batch, now: loop.wallClock).map { call -> RESTSteps.Step in
                { [self] left, next in
                    var call = call
                    call.limit = left
                    change(call, on: loop, next)
                }
            }
            RESTSteps(steps, within: limits.writeDeadline, on: loop) { error in
                completion(error.map { .failure($0) } ?? .success(()))
            }.begin()
        }
    }

    /// Refuses later calls; one that is under way ends by its own deadline.
    public func close(_ completion: @escaping @Sendable () -> Void) { rest.close(completion) }

    // MARK: - Requests

    private func read(
        _ what: String, _ key: CacheKey, within time: Duration, limit: Int
    ) -> RESTCall {
        // A colon in a key's name is to be percent-encoded, says the API's reference.
        let name = String(decoding: key.storeName, as: UTF8.self)
            .split(separator: ":").joined(separator: "%3A")
        return RESTCall(
            method: "GET", path: "\(path)/\(what)/\(name)", answerLimit: limit, limit: time)
    }

    private func ifRetained(
        _ key: CacheKey, now: Int64, within time: Duration, on loop: any EventLoop,
        _ completion: @escaping (Result<Bool, StoreError>) -> Void
    ) {
        rest.send(read("metadata", key, within: time, limit: 1 << 16), on: loop) { result in
            completion(
                result.flatMap { answer in
                    guard let answer else { return .success(true) }
                    guard answer.status == 200, let envelope = KVAnswer(answer.body) else {
                        return Self.absence(answer).map { false }
                    }
                    // Without an end of its own, KV's counts, which is not over.
                    return .success(envelope.retainedUntil.map { $0 > now } ?? true)
                })
        }
    }

    /// The requests that a batch needs. Of changes of one key the last one counts, for a bulk write
    /// has no order.
    private func calls(for batch: [StoreWrite], now: Int64) -> [RESTCall] {
        var calls: [RESTCall] = []
        var removals: [CacheKey] = []
        var bulk = KVBulkWrite()
        var bytes = 0
        for change in Self.lastOfEach(batch) {
            switch change {
            case .remove(let key):
                removals.append(key)
            // An older entry must not be found in the place of one that is left out.
            case .save(let entry) where entry.text.count > Self.valueLimit:
                removals.append(entry.key)
            case .save(let entry):
                if bulk.count == Self.bulkKeys
                    || bulk.count > 0 && bytes + entry.text.count > Self.bulkBytes
                {
                    calls.append(call("PUT", "/bulk", bulk.body))
                    bulk = KVBulkWrite()
                    bytes = 0
                }
                bytes += entry.text.count
                bulk.append(entry, for: Self.life(of: entry, now: now))
            }
        }
        if bulk.count > 0 { calls.append(call("PUT", "/bulk", bulk.body)) }
        for start in stride(from: 0, to: removals.count, by: Self.bulkKeys) {
            let some = removals[start..<min(start + Self.bulkKeys, removals.count)]
            calls.append(call("POST", "/bulk/delete", KVBulkWrite.names(some)))
        }
        return calls
    }

    private func call(_ method: String, _ what: String, _ body: [UInt8]) -> RESTCall {
        RESTCall(
            method: method, path: path + what,
            fields: [(name: "content-type", value: "application/json")], body: body,
            answerLimit: 4 << 20, limit: limits.writeDeadline)
    }

    private func change(
        _ call: RESTCall, on loop: any EventLoop, _ next: @escaping (StoreError?) -> Void
    ) {
        rest.send(call, on: loop) { result in
            switch result {
            case .failure(let error): next(error)
            case .success(nil): next(Self.isNoCloudflare)
            case .success(let answer?):
                let envelope = KVAnswer(answer.body)
                guard answer.status == 200, envelope?.success != false else {
                    return next(Self.refusal(answer.status, envelope))
                }
                guard let envelope else { return next(Self.isNoCloudflare) }
                guard envelope.unsuccessfulKeys == 0 else {
                    return next(
                        .unavailable(
                            "Workers KV left out \(envelope.unsuccessfulKeys) keys of a batch"))
                }
                next(nil)
            }
        }
    }

    /// A failure unless the answer says that the key is not there.
    private static func absence(_ answer: RESTAnswer) -> Result<Void, StoreError> {
        let envelope = KVAnswer(answer.body)
        if answer.status == 404, envelope?.code == KVAnswer.keyNotFound { return .success(()) }
        return .failure(refusal(answer.status, envelope))
    }
}
