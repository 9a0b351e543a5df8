import Logging
import NIOCore

/// Writes the log lines of hits on one event loop: the same lines as ``AccessLog``'s, put together
/// in one buffer that is written out when it is full or a moment old.
///
/// Used on its loop only.
final class HitLog {
    /// How lines are written, and where.
    struct Target: Sendable {
        var format: LogFormat
        var sink: LogSink
    }

    private static let bufferSize = 32 << 10
    private static let delay = TimeAmount.milliseconds(100)

    private let target: Target
    private let loop: any EventLoop
    private var lines: [UInt8] = []
    private var isFlushScheduled = false
    private var second = Int64.min
    /// The time up to the second, as ``Timestamp`` writes it, without what follows.
    private var secondText: [UInt8] = []

    init(_ target: Target, loop: any EventLoop) {
        self.target = target
        self.loop = loop
        lines.reserveCapacity(Self.bufferSize + 4096)
    }

    /// Adds the line of a hit.
    ///
    /// - Parameters:
    ///   - request: Begins with the request line of a ``PlainRequest``.
    ///   - now: Milliseconds since the epoch.
    ///   - nanoseconds: How long it took.
    func write(_ request: ByteBuffer, now: Int64, nanoseconds: UInt64) {
        let bytes = request.readableBytesUInt8Span
        let route = Self.route(bytes)
        if Self.isBare(bytes, route) {
            switch target.format {
            case .text: appendText(bytes, route, now, nanoseconds)
            case .json: appendJSON(bytes, route, now, nanoseconds)
            }
        } else {
            appendEscaped(request, route, now, nanoseconds)
        }
        if lines.count >= Self.bufferSize {
            flush()
        } else if !isFlushScheduled {
            isFlushScheduled = true
            loop.assumeIsolated().scheduleTask(in: Self.delay) { [weak self] in
                self?.isFlushScheduled = false
                self?.flush()
            }
        }
    }

    /// Writes out what has come together.
    func flush() {
        guard !lines.isEmpty else { return }
        target.sink.write(lines)
        lines.removeAll(keepingCapacity: true)
    }

    private func appendText(
        _ bytes: Span<UInt8>, _ route: Range<Int>, _ now: Int64, _ nanoseconds: UInt64
    ) {
        appendTime(now)
        append(" info request cache=hit method=POST ms=")
        appendMilliseconds(nanoseconds)
        append(" route=")
        append(bytes, route)
        append(" status=200\n")
    }

    private func appendJSON(
        _ bytes: Span<UInt8>, _ route: Range<Int>, _ now: Int64, _ nanoseconds: UInt64
    ) {
        append("{\"time\":\"")
        appendTime(now)
        append(
            "\",\"level\":\"info\",\"message\":\"request\",\"cache\":\"hit\",\"method\":\"POST\",")
        append("\"ms\":\"")
        appendMilliseconds(nanoseconds)
        append("\",\"route\":\"")
        append(bytes, route)
        append("\",\"status\":\"200\"}\n")
    }

    /// A route with bytes that a log must escape is rare enough to take the long way.
    private func appendEscaped(
        _ request: ByteBuffer, _ route: Range<Int>, _ now: Int64, _ nanoseconds: UInt64
    ) {
        let start = request.readerIndex + route.lowerBound
        let text = request.getString(at: start, length: route.count) ?? ""
        let fields = [
            ("cache", "hit"), ("method", "POST"), ("ms", Self.milliseconds(nanoseconds)),
            ("route", text), ("status", "200"),
        ]
        let line = LogLine(
            time: now, level: .info, message: "request",
            fields: fields.map { LogField(key: $0.0, value: .text($0.1)) })
        lines += target.format == .json ? line.json : line.text
    }

    // MARK: Parts

    /// The path of a request line, without its query.
    private static func route(_ bytes: Span<UInt8>) -> Range<Int> {
        let start = "POST ".utf8.count
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: " "), bytes[end] != UInt8(ascii: "?") {
            end += 1
        }
        return start..<end
    }

    private static func isBare(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "."):
                continue
            default:
                return false
            }
        }
        return true
    }

    private func append(_ literal: StaticString) {
        lines.append(
            contentsOf: UnsafeBufferPointer(
                start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        bytes.extracting(range).withUnsafeBufferPointer { lines.append(contentsOf: $0) }
    }

    private func appendTime(_ now: Int64) {
        let current = now / 1000
        if current != second {
            second = current
            secondText = Array(Timestamp(milliseconds: current * 1000).description.utf8.dropLast(4))
        }
        lines += secondText
        appendDigits(UInt64(now - current * 1000))
        lines.append(UInt8(ascii: "Z"))
    }

    /// Milliseconds with three decimal places, the last zeros left out.
    private func appendMilliseconds(_ nanoseconds: UInt64) {
        lines += Self.milliseconds(nanoseconds).utf8
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        "\(Double(nanoseconds / 1000) / 1000)"
    }

    private func appendDigits(_ number: UInt64) {
        lines.append(0x30 + UInt8(truncatingIfNeeded: number / 100 % 10))
        lines.append(0x30 + UInt8(truncatingIfNeeded: number / 10 % 10))
        lines.append(0x30 + UInt8(truncatingIfNeeded: number % 10))
    }
}
