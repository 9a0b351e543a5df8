/// The requests of one connection, read from its bytes (RFC 9112): a state machine without I/O.
///
///     between ─▶ head ─▶ body ─▶ between ─▶ ...        any ── flaw ──▶ failed
///
/// It is strict where leniency would let two readers see two messages: lines end in CRLF, fields
/// are not folded, a body's length is told once, and in one way. The events of given bytes are the
/// same however they are split, but for the cuts within a body; so is what they are refused for.
public struct HTTP1RequestParser: Sendable {
    private enum State: Sendable {
        /// No byte of a request has come. One empty line may stand before it (RFC 9112 §2.2).
        case between(emptyLine: EmptyLine)
        case head
        case body
        case failed(HTTP1Error)
    }

    private enum EmptyLine: Sendable {
        case none, half, whole
    }

    private let limits: HTTP1Limits
    private var state = State.between(emptyLine: .none)
    private var lines = HeadLines()
    private var start: RequestLine?
    private var fields = FieldReader(.request)
    private var body: BodyReader

    /// Makes a parser at the beginning of a connection.
    public init(limits: HTTP1Limits) {
        self.limits = limits
        body = BodyReader(.none, limits: limits, allowsPadding: false)
    }

    /// Whether no byte of the next request has come, and the one before is complete.
    public var isBetweenMessages: Bool {
        if case .between(let line) = state { line != .half } else { false }
    }

    /// Whether a head has begun and is not complete: the time in which its deadline runs.
    public var isWithinHead: Bool {
        switch state {
        case .between(let line): line == .half
        case .head: true
        case .body, .failed: false
        }
    }

    /// The next event.
    ///
    /// - Parameters:
    ///   - bytes: What has come. A head that is not complete is kept, so that nothing of it has to
    ///     be handed in again.
    ///   - position: Where to go on in `bytes`; moved behind what the event consists of.
    /// - Returns: nil when more bytes are needed and all of `bytes` is consumed. Behind an `.end`
    ///   the next request begins.
    /// - Throws: Why the bytes are refused; from then on always the same.
    public mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1RequestHead>? {
        do throws(HTTP1Error) {
            return try advance(bytes, &position)
        } catch {
            state = .failed(error)
            lines = HeadLines()
            throw error
        }
    }

    /// Takes the end of the input.
    ///
    /// - Throws: ``HTTP1Error/truncated`` within a request, and what was thrown before.
    public mutating func finish() throws(HTTP1Error) {
        switch state {
        case .between(let line) where line != .half: return
        case .failed(let error): throw error
        case .between, .head, .body: throw .truncated
        }
    }

    private mutating func advance(
        _ bytes: Span<UInt8>, _ position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1RequestHead>? {
        switch state {
        case .failed(let error): throw error
        case .between(let emptyLine):
            guard try begin(bytes, &position, emptyLine) else { return nil }
            state = .head
            return try readHead(bytes, &position)
        case .head:
            return try readHead(bytes, &position)
        case .body:
            let step = try body.next(bytes, from: &position)
            if step == .end { state = .between(emptyLine: .none) }
            return step.map { $0.event() }
        }
    }

    /// Passes over an empty line.
    ///
    /// - Returns: Whether the request begins at the position.
    private mutating func begin(
        _ bytes: Span<UInt8>, _ position: inout Int, _ before: EmptyLine
    ) throws(HTTP1Error) -> Bool {
        var emptyLine = before
        while position < bytes.count {
            switch (bytes[position], emptyLine) {
            case (UInt8(ascii: "\r"), .none): emptyLine = .half
            case (UInt8(ascii: "\n"), .half): emptyLine = .whole
            case (let byte, .none), (let byte, .whole):
                // Told at once: what speaks another protocol, such as TLS, may never end a line.
                guard byte.mayStandInToken else {
                    throw .malformed("the request does not begin with a method")
                }
                return true
            case (_, .half): throw .malformed("a line does not end in CRLF")
            }
            position += 1
        }
        state = .between(emptyLine: emptyLine)
        return false
    }

    private mutating func readHead(
        _ bytes: Span<UInt8>, _ position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1RequestHead>? {
        while let line = try lines.next(bytes, from: &position, limit: limits.headBytes) {
            guard let start else {
                start = try RequestLine(lines.bytes.span.extracting(line))
                continue
            }
            if line.isEmpty { return try endHead(start) }
            try fields.read(
                line, in: &lines.bytes, limit: limits.fields, minorVersion: start.minorVersion)
        }
        return nil
    }

    private mutating func endHead(
        _ line: RequestLine
    ) throws(HTTP1Error) -> HTTP1Event<HTTP1RequestHead> {
        guard line.minorVersion == 0 || fields.hostCount == 1 else {
            throw .malformed("there is no Host field")
        }
        let framing: BodyFraming =
            fields.isChunked ? .chunked : fields.length.map { .length($0) } ?? .none
        let hasBody = framing != .none && framing != .length(0)
        let isVersion10 = line.minorVersion == 0
        let head = HTTP1RequestHead(
            method: line.method, target: line.target, minorVersion: line.minorVersion,
            fields: HeadFields(bytes: lines.takeBytes(), positions: fields.positions),
            framing: framing,
            isPersistent: !fields.saysClose && (!isVersion10 || fields.saysKeepAlive),
            expectsContinue: fields.saysContinue && hasBody && !isVersion10)
        start = nil
        fields = FieldReader(.request)
        body = BodyReader(framing, limits: limits, allowsPadding: false)
        state = .body
        return .head(head)
    }
}

/// The first line of a request (RFC 9112 §3).
private struct RequestLine: Sendable {
    var method: [UInt8]
    var target: [UInt8]
    var minorVersion: Int

    /// Reads a line without its end.
    init(_ line: Span<UInt8>) throws(HTTP1Error) {
        let blank = UInt8(ascii: " ")
        guard let first = line.firstIndex(of: blank, from: 0),
            let second = line.firstIndex(of: blank, from: first + 1)
        else { throw .malformed("the request line is not method, target and version") }
        guard line.extracting(0..<first).isToken else {
            throw .malformed("the method is not a token")
        }
        guard second > first + 1 else { throw .malformed("the request line has no target") }
        for index in (first + 1)..<second where !line[index].mayStandInTarget {
            throw .malformed("the target holds a byte that no target may hold")
        }
        let version = line.extracting((second + 1)..<line.count)
        if version.equals("HTTP/1.1") {
            minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            minorVersion = 0
        } else {
            throw .malformed("the version is not HTTP/1.1 or HTTP/1.0")
        }
        method = line.extracting(0..<first).copied
        target = line.extracting((first + 1)..<second).copied
    }
}

extension BodyReader.Step {
    /// The step as an event of a message.
    func event<Head>() -> HTTP1Event<Head> {
        switch self {
        case .piece(let range): .body(range)
        case .end: .end
        }
    }
}
