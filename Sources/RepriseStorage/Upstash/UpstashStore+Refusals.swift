extension UpstashStore {
    /// What a status reply says; in base64 mode it alone stays as it is.
    static let ok = [UInt8]("OK".utf8)

    /// Stands for Redis's own words when the whole request was too large.
    static let tooLarge = [UInt8]("ERR max request size exceeded".utf8)

    /// The answer is not one that Upstash gives: another server, or a proxy's page.
    static let isNoUpstash = StoreError.unavailable(
        "Upstash: the answer is not that of its REST API; check UPSTASH_REDIS_REST_URL")

    /// Whether a command or a request failed for its size alone
    /// (upstash.com/docs/redis/troubleshooting/max_request_size_exceeded and
    /// /max_record_size_exceeded).
    static func isTooLarge(_ message: [UInt8]) -> Bool {
        let text = String(decoding: message, as: UTF8.self).lowercased()
        return text.contains("max request size exceeded")
            || text.contains("record size exceeded")
    }

    /// What it means that a command was refused.
    static func refusal(_ command: StaticString, _ message: [UInt8]) -> StoreError {
        isFull(message)
            ? .full : .unavailable("Upstash refuses \(command): \(PeerText.line(message))")
    }

    /// What it means that a request was refused as a whole, with a status other than 200.
    static func refusal(status: Int, _ message: [UInt8]?) -> StoreError {
        let reason = message.map { ": \(PeerText.line($0))" } ?? ""
        return switch status {
        case 401, 403:
            .unavailable("Upstash refuses UPSTASH_REDIS_REST_TOKEN (\(status))\(reason)")
        case 400 where message.map(isFull) == true:
            .full
        case 300..<400, 404, 405:
            .unavailable("Upstash answers \(status); check UPSTASH_REDIS_REST_URL\(reason)")
        default:
            .unavailable("Upstash answers \(status)\(reason)")
        }
    }

    /// Whether the database has no room (upstash.com/docs/redis/troubleshooting/db_capacity_quota_exceeded),
    /// or a Redis behind the API none (`OOM command not allowed`).
    private static func isFull(_ message: [UInt8]) -> Bool {
        let text = String(decoding: message, as: UTF8.self)
        return text.hasPrefix("OOM ") || text.lowercased().contains("capacity quota exceeded")
    }
}
