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
    private(set) var output = ByteBuffer()

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

    /// Writes a stored response into ``output`` as it is replayed: the head with the date and the age patched in,
    /// and a body that is short.
    ///
    /// - Returns: Whether the body was written too.
    func write(_ hit: Hit) -> Bool {
        // Its memory is used again once the socket has taken the last response.
        output.clear()
        let response = hit.response
        let length = response.body.readableBytes
        let isShort = length <= Self.copyLimit
        output.reserveCapacity(response.replayHead.count + 192 + (isShort ? length : 0))
        output.writeBytes(response.replayHead)
        output.writeStaticString("age: ")
        output.writeDecimal(Freshness.age(storedAt: response.metadata.storedAt, now: now))
        output.writeStaticString("\r\ncache-status: reprise; hit")
        if let ttl = hit.ttl {
            output.writeStaticString("; ttl=")
            output.writeDecimal(ttl)
        }
        output.writeStaticString("\r\ncontent-length: ")
        output.writeDecimal(Int64(length))
        output.writeStaticString("\r\ndate: ")
        output.writeBytes(currentDate())
        output.writeStaticString("\r\n\r\n")
        if isShort { output.writeImmutableBuffer(response.body) }
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

extension ByteBuffer {
    /// Writes a number that is not negative in decimal digits, without allocating.
    fileprivate mutating func writeDecimal(_ number: Int64) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var start = 20
        var rest = number.magnitude
        repeat {
            start -= 1
            digits[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in start..<20 {
            writeInteger(digits[index])
        }
    }
}
