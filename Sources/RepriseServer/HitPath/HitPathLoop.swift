import NIOCore
import RepriseCore
import RepriseStorage

/// What the connections of one event loop share on the hit path: the date, the log's buffer. Used
/// on that loop only, so that hits on different loops do not contend.
final class HitPathLoop {
    private let clock: WallClock
    private let hitLog: HitLog?
    /// Milliseconds since the epoch at the last look.
    private var now: Int64 = 0
    private var dateSecond = Int64.min
    private var date: [UInt8] = []

    /// The keyed parts of the request in hand.
    var keyed: [UInt8] = []
    /// The response that was written last.
    var output = ByteBuffer()

    /// Bodies up to this many bytes are copied behind their head, so that one write takes both.
    private static let copyLimit = 16 << 10

    init(clock: WallClock, hitLog: HitLog?) {
        self.clock = clock
        self.hitLog = hitLog
    }

    /// A stored response that may be replayed now.
    struct Hit {
        let response: CachedResponse
        /// Seconds that it stays fresh; nil for no limit.
        let ttl: Int64?
    }

    /// The alias of the request whose head was scanned last, and that a buffer begins with.
    func alias(of request: PlainRequest, _ buffer: ByteBuffer, in memory: MemoryTier)
        -> RequestAlias
    {
        let keyed = keyed
        let bytes = buffer.readableBytesUInt8Span
        let body = bytes.extracting(request.headLength..<request.length)
        return memory.alias(head: keyed.span, body: body)
    }

    /// The response that an alias leads to, if it is fresh now.
    func freshResponse(in memory: MemoryTier, for alias: RequestAlias) -> Hit? {
        memory.response(for: alias).flatMap { freshResponse($0, Directives()) }
    }

    /// A response, if it is as fresh now as a request wants it.
    func freshResponse(_ response: CachedResponse, _ directives: Directives) -> Hit? {
        now = clock.now()
        let verdict = Freshness.judge(
            storedAt: response.metadata.storedAt, ttl: response.metadata.ttl,
            directives: directives, now: now)
        guard case .fresh(let ttl) = verdict else { return nil }
        return Hit(response: response, ttl: ttl)
    }

    /// Nanoseconds for the log's duration; 0 when hits are not logged.
    func monotonicNanoseconds() -> UInt64 {
        hitLog == nil ? 0 : NIODeadline.now().uptimeNanoseconds
    }

    /// Writes a stored response into ``output`` as it is replayed: the head with the date and the
    /// age patched in, and a body that is short.
    ///
    /// - Returns: Whether the body was written too.
    func write(_ hit: Hit) -> Bool {
        let response = hit.response
        let length = response.body.readableBytes
        let isShort = length <= Self.copyLimit
        let age = Freshness.age(storedAt: response.metadata.storedAt, now: now)
        let date = currentDate()
        let room = response.replayHead.count + TextWriter.variableBytes + (isShort ? length : 0)
        // Its memory is used again once the socket has taken the last response.
        output.clear()
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            var writer = TextWriter(memory)
            writer.write(response.replayHead)
            writer.write("age: ")
            writer.write(age)
            writer.write("\r\ncache-status: reprise; hit")
            if let ttl = hit.ttl {
                writer.write("; ttl=")
                writer.write(ttl)
            }
            writer.write("\r\ncontent-length: ")
            writer.write(Int64(length))
            writer.write("\r\ndate: ")
            writer.write(date)
            writer.write("\r\n\r\n")
            if isShort { response.body.withUnsafeReadableBytes { writer.write($0) } }
            return writer.count
        }
        return isShort
    }

    /// Logs a hit on the request that a buffer begins with.
    func log(_ request: ByteBuffer, begun: UInt64) {
        hitLog?.write(request, now: now, nanoseconds: NIODeadline.now().uptimeNanoseconds - begun)
    }

    /// Writes out the log lines that are held back.
    func flushLog() {
        hitLog?.flush()
    }

    private func currentDate() -> [UInt8] {
        let second = now / 1000
        if second != dateSecond {
            dateSecond = second
            date = Array(HTTPDate.text(of: Int(second)).utf8)
        }
        return date
    }
}
