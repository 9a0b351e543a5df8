internal import RepriseCore

extension WorkersKVStore {
    /// The last change of each key: a bulk write has no order.
    static func lastOfEach(_ batch: [StoreWrite]) -> [StoreWrite] {
        var last: [CacheKey: Int] = [:]
        for (index, change) in batch.enumerated() { last[change.key] = index }
        return batch.enumerated().compactMap { index, change in
            last[change.key] == index ? change : nil
        }
    }

    /// How long KV is to keep an entry, in seconds: never less than it takes, and never shorter than
    /// the entry is retained; nil for good.
    static func life(of entry: StoredEntry, now: Int64) -> Int64? {
        guard let end = entry.retainedUntil else { return nil }
        let (milliseconds, isTooMuch) = end.subtractingReportingOverflow(now)
        guard !isTooMuch, milliseconds / 1000 < longestLife else { return longestLife }
        return max(shortestLife, (milliseconds + 999) / 1000)
    }

    /// The answer is not one that Cloudflare gives: another server, or a proxy's page.
    static let isNoCloudflare = StoreError.unavailable(
        "Workers KV: the answer is not that of Cloudflare's API; check CLOUDFLARE_API_BASE_URL")

    /// What it means that a call was refused.
    static func refusal(_ status: Int, _ envelope: KVAnswer?) -> StoreError {
        guard let envelope else {
            return (400..<500).contains(status) || status == 200
                ? .unavailable(
                    "Workers KV answers \(status), not as Cloudflare's API does; check "
                        + "CLOUDFLARE_API_BASE_URL")
                : .unavailable("Workers KV answers \(status)")
        }
        let code = envelope.code.map { ", code \($0)" } ?? ""
        let reason = envelope.message.map { ": \(PeerText.line($0))" } ?? ""
        return .unavailable(
            status == 401 || status == 403
                ? "Workers KV refuses CLOUDFLARE_API_TOKEN (\(status)\(code))\(reason)"
                : "Workers KV answers \(status)\(code)\(reason)")
    }
}
