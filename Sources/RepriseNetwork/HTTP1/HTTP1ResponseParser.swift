/// The response to one request, read from a connection's bytes (RFC 9112): a state machine without
/// I/O.
///
///     head ─┬ 1xx ─▶ head
///           └ final ─▶ body ─▶ ended                    any ── flaw ──▶ failed
///
/// As strict as ``HTTP1RequestParser``. What follows a response is not taken: it is for its reader
/// to say whose it is.
public struct HTTP1ResponseParser: Sendable {
    /// What a request's method says about its response (RFC 9112 §6.3).
    public enum RequestKind: Equatable, Sendable {
        /// `HEAD`: no body follows, whatever the fields say.
        case head
        /// `CONNECT`: no body follows a 2xx; the bytes behind it are the tunnel's.
        case connect
        /// Any other.
        case other

        /// The kind of a method.
        public init(method: [UInt8]) {
            self =
                method.span.equals("HEAD")
                ? .head : method.span.equals("CONNECT") ? .connect : .other
        }
    }

    private enum State: Sendable {
        case head
        case body
        case ended
        case failed(HTTP1Error)
    }

    private let limits: HTTP1Limits
    private let kind: RequestKind
    private var state = State.head
    private var lines = HeadLines()
    private var start: StatusLine?
    private var fields = FieldReader(.response)
    private var body: BodyReader
    private var interimResponses = 0
    /// Bytes of interim heads: all heads of a response together are bounded.
    private var interimBytes = 0

    /// Makes a parser for the response to one request.
    public init(limits: HTTP1Limits, to kind: RequestKind) {
        self.limits = limits
        body = BodyReader(.none, limits: limits, allowsPadding: true)
        self.kind = kind
    }

    /// Whether no byte of a response has come, not even of an interim one.
    public var isUntouched: Bool {
        if case .head = state { lines.isEmpty && interimResponses == 0 } else { false }
    }

    /// Whether the response is complete.
    public var hasEnded: Bool { if case .ended = state { true } else { false } }

    /// The next event: the final head, pieces of the body, the end. Interim heads are passed over.
    ///
    /// - Parameters:
    ///   - bytes: What has come. A head that is not complete is kept, so that nothing of it has to
    ///     be handed in again.
    ///   - position: Where to go on in `bytes`; moved behind what the event consists of.
    /// - Returns: nil when more bytes are needed, and behind the end, where nothing is consumed.
    /// - Throws: Why the bytes are refused; from then on always the same.
    public mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1ResponseHead>? {
        do throws(HTTP1Error) {
            return try advance(bytes, &position)
        } catch {
            state = .failed(error)
            lines = HeadLines()
            throw error
        }
    }

    /// How the end of the input left a response.
    public enum End: Equatable, Sendable {
        /// It was complete before.
        case complete
        /// The end of the input is that of the body (``BodyFraming/untilClose``): whole only when
        /// the transport ended cleanly.
        case untilClose
    }

    /// Takes the end of the input.
    ///
    /// - Throws: ``HTTP1Error/truncated`` within the response, and what was thrown before.
    public mutating func finish() throws(HTTP1Error) -> End {
        switch state {
        case .ended: return .complete
        case .failed(let error): throw error
        case .body where body.endsWithInput:
            state = .ended
            return .untilClose
        case .head, .body: throw .truncated
        }
    }

    private mutating func advance(
        _ bytes: Span<UInt8>, _ position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1ResponseHead>? {
        switch state {
        case .failed(let error): throw error
        case .ended: return nil
        case .head: return try readHead(bytes, &position)
        case .body:
            let step = try body.next(bytes, from: &position)
            if step == .end { state = .ended }
            return step.map { $0.event() }
        }
    }

    private mutating func readHead(
        _ bytes: Span<UInt8>, _ position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1ResponseHead>? {
        if lines.isEmpty, position < bytes.count, bytes[position] != UInt8(ascii: "H") {
            throw .malformed("the response does not begin with a version")
        }
        let limit = limits.headBytes - interimBytes
        while let line = try lines.next(bytes, from: &position, limit: limit) {
            guard let start else {
                start = try StatusLine(lines.bytes.span.extracting(line))
                continue
            }
            guard line.isEmpty else {
                try fields.read(
                    line, in: &lines.bytes, limit: limits.fields, minorVersion: start.minorVersion)
                continue
            }
            if start.status >= 200 { return endHead(start) }
            try passOverInterim()
            return try readHead(bytes, &position)
        }
        return nil
    }

    private mutating func passOverInterim() throws(HTTP1Error) {
        interimResponses += 1
        guard interimResponses <= limits.interimResponses else {
            throw .malformed("there are too many interim responses")
        }
        interimBytes += lines.takeBytes().count
        start = nil
        fields = FieldReader(.response)
    }

    private mutating func endHead(_ line: StatusLine) -> HTTP1Event<HTTP1ResponseHead> {
        let framing = framing(line.status)
        let isFramed = framing != .untilClose
        // In HTTP/1.0 there is no chunked coding; who sends it all the same is read, and left.
        let isReusable = line.minorVersion > 0 || fields.saysKeepAlive && !fields.isChunked
        let head = HTTP1ResponseHead(
            status: line.status, minorVersion: line.minorVersion,
            fields: HeadFields(bytes: lines.takeBytes(), positions: fields.positions),
            framing: framing, isPersistent: isFramed && isReusable && !fields.saysClose)
        start = nil
        fields = FieldReader(.response)
        body = BodyReader(framing, limits: limits, allowsPadding: true)
        state = .body
        return .head(head)
    }

    private func framing(_ status: Int) -> BodyFraming {
        if kind == .head || status == 204 || status == 304 { return .none }
        if kind == .connect, status < 300 { return .none }
        if fields.isChunked { return .chunked }
        return fields.length.map { .length($0) } ?? .untilClose
    }
}

/// The first line of a response (RFC 9112 §4).
private struct StatusLine: Sendable {
    var status: Int
    var minorVersion: Int

    /// Reads a line without its end. The reason phrase may be missing, with the blank before it.
    init(_ line: Span<UInt8>) throws(HTTP1Error) {
        guard line.count >= 12, line[8] == UInt8(ascii: " ") else {
            throw .malformed("the status line is not version and status")
        }
        let version = line.extracting(0..<8)
        if version.equals("HTTP/1.1") {
            minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            minorVersion = 0
        } else {
            throw .malformed("the version is not HTTP/1.1 or HTTP/1.0")
        }
        status = 0
        for index in 9..<12 {
            guard line[index].isDigit else { throw .malformed("the status is not a number") }
            status = status * 10 + Int(line[index] - UInt8(ascii: "0"))
        }
        guard status >= 100, line.count == 12 || line[12] == UInt8(ascii: " ") else {
            throw .malformed("the status is not a number of three digits")
        }
        // Another protocol was not asked for.
        guard status != 101 else { throw .malformed("the server switches protocols") }
        guard line.extracting(12..<line.count).isFieldValue else {
            throw .malformed("the reason phrase holds a control character")
        }
    }
}
