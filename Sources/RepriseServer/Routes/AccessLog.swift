import Logging
import RepriseCore

/// Writes one line for each request: what was asked, what was answered, what the cache did. Never
/// a credential, a query or a body.
struct AccessLog: Sendable {
    let logger: Logger

    /// What is known of one request.
    struct Entry {
        var method: String
        /// The path, with the query if there is one.
        var target: String
        var status: Int32 = 0
        var cacheStatus: CacheStatus?
        /// Whether the response ended before it was whole.
        var isCut = false
        let begun = ContinuousClock.now
    }

    /// Begins the line of a request.
    ///
    /// - Parameter target: The path, with the query if there is one.
    func entry(method: String, target: String) -> Entry {
        Entry(method: method, target: target)
    }

    /// Writes the line of a request whose response has ended.
    func write(_ entry: Entry) {
        guard logger.logLevel <= .info else { return }
        let microseconds = Int((ContinuousClock.now - entry.begun) / .microseconds(1))
        var metadata: Logger.Metadata = [
            "method": "\(entry.method)",
            "route": "\(entry.target.prefix { $0 != "?" })",
            "status": "\(entry.status)",
            "ms": "\(Double(microseconds) / 1000)",
        ]
        if let cacheStatus = entry.cacheStatus {
            metadata["cache"] = "\(cacheStatus.outcome)"
            if let detail = cacheStatus.detail {
                metadata["reason"] = "\(detail.token)"
            }
        }
        if entry.isCut { metadata["cut"] = "true" }
        logger.info("request", metadata: metadata)
    }
}

extension CacheStatus {
    /// The outcome in one word.
    fileprivate var outcome: StaticString {
        switch self {
        case .hit: "hit"
        case .forward(.bypass, _, _, _), .forward(.method, _, _, _): "bypass"
        case .forward(_, _, collapsed: true, _): "collapsed"
        case .forward(_, stored: true, _, _): "stored"
        case .forward: "miss"
        case .generated: "error"
        }
    }

    fileprivate var detail: Detail? {
        switch self {
        case .hit(_, let detail), .forward(_, _, _, let detail): detail
        case .generated(let detail): detail
        }
    }
}
