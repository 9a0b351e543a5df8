import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy
import RepriseStorage

/// The shortcut in front of everything: bytes that were seen before, exactly these, are answered
/// without being parsed.
///
/// What one read of an idle connection brought is hashed as it is. If a request of these very bytes,
/// with nothing before or behind it, led to a key before, and a response is in memory under that key
/// and fresh, it is written; otherwise nothing happens at all, and the whole way is gone.
///
/// Only the whole way teaches it bytes (``ExchangeDriver/fingerprint``): a request that was understood
/// there, of HTTP/1.1, that keeps its connection, and that takes any fresh response.
final class FastPath {
    let proxy: ProxyLoop
    private var head: [UInt8] = []
    /// For the heads of HTTP/2.
    var fields = HTTP2FieldList()
    var clock = HTTPDate()

    /// A response that answers a request.
    struct Hit {
        let key: CacheKey
        let stored: StoredResponse
        let status: CacheStatus
        /// Milliseconds since the epoch.
        let now: Int64
    }

    /// Requests longer than this come in several reads anyway.
    static let longestRequest = 64 << 10

    init(_ proxy: ProxyLoop) {
        self.proxy = proxy
    }

    /// Answers bytes that have been seen before.
    ///
    /// - Parameters:
    ///   - bytes: What one read brought, on a connection that owes no response.
    ///   - fingerprint: What stands for these bytes, should the whole way learn where they lead.
    /// - Returns: Whether they were answered.
    func answers(
        _ bytes: Span<UInt8>, on stream: any ByteStream, _ fingerprint: inout RequestFingerprint?
    ) -> Bool {
        guard bytes.count <= Self.longestRequest else { return false }
        let memory = proxy.proxy.store.memory
        let found = memory.fingerprint(head: bytes, body: bytes.extracting(first: 0))
        fingerprint = found
        guard let hit = hit(for: found) else { return false }
        write(hit, to: stream)
        if proxy.proxy.logger.isEnabled(.info) {
            log(hit, RequestLine(of: bytes, begun: proxy.loop.now))
        }
        return true
    }

    /// What is in memory and fresh for a request that was seen before.
    func hit(for fingerprint: RequestFingerprint) -> Hit? {
        let memory = proxy.proxy.store.memory
        guard let key = memory.key(for: fingerprint), let stored = memory.response(for: key) else {
            return nil
        }
        let now = proxy.loop.wallClock
        let metadata = stored.metadata
        guard
            case .fresh(let ttl) = Freshness.judge(
                storedAt: metadata.storedAt, ttl: metadata.ttl, directives: Directives(), now: now)
        else { return nil }
        return Hit(key: key, stored: stored, status: .hit(ttl: ttl), now: now)
    }

    /// Writes what the whole way would write: see ``ResponseHeads`` and ``ResponseHeadWriter``.
    private func write(_ hit: Hit, to stream: any ByteStream) {
        let stored = hit.stored
        // Moved out while it is written, so that it is not copied.
        var head = head
        self.head = []
        head.removeAll(keepingCapacity: true)
        head.append(contentsOf: stored.replayHead)
        head.append(literal: "age: ")
        head.append(decimal: Freshness.age(storedAt: stored.metadata.storedAt, now: hit.now))
        head.append(literal: "\r\ncache-status: ")
        hit.status.append(to: &head)
        head.append(literal: "\r\ncontent-length: ")
        head.append(decimal: Int64(stored.body.count))
        head.append(literal: "\r\ndate: ")
        head.append(contentsOf: clock.bytes(at: hit.now))
        head.append(literal: "\r\n\r\n")
        stream.write(head.span)
        self.head = head
        stream.write(keeping: stored.body)
    }

    /// Writes the line of a request that was answered here.
    func log(_ hit: Hit, _ line: RequestLine) {
        var record = ExchangeRecord()
        record.outcome = .hit
        record.status = hit.stored.metadata.status
        record.key = hit.key
        AccessLog.write(record, line, now: proxy.loop.thisMoment, to: proxy.proxy.logger)
    }
}

extension RequestLine {
    /// The line of a request that was understood before: method and target end at a blank each
    /// (RFC 9112 §3).
    fileprivate init(of bytes: Span<UInt8>, begun: MonotonicTime) {
        let method = Self.word(bytes, from: 0)
        let target = Self.word(bytes, from: min(method.count + 1, bytes.count))
        self.init(method: method, target: target, begun: begun)
    }

    private static func word(_ bytes: Span<UInt8>, from start: Int) -> [UInt8] {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: " ") { end += 1 }
        var word: [UInt8] = []
        word.append(copying: bytes.extracting(start..<end))
        return word
    }
}
