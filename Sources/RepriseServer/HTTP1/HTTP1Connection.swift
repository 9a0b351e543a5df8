import RepriseCore
import RepriseNetwork
import RepriseProxy
import RepriseStorage

/// One client's HTTP/1.x connection: reads requests one after the other, and answers each in turn.
///
/// Two machines run side by side, and a request is over when both are:
///
/// ```
/// reading:  head ─► body ─► done          bytes behind it wait until the response is over
/// writing:  owed ─► begun ─► done
/// ```
///
/// Keep-alive only goes down within a request; whatever is read after a refusal is dropped.
final class HTTP1Connection: ServerConnection {
    /// How far the request has been read.
    private enum Reading {
        /// Its head is awaited.
        case head
        /// Its body is coming, and nobody has said yet what becomes of it.
        case body
        /// Its body is coming, and is handed to the driver.
        case wantedBody
        /// Its body is coming, and is read over.
        case unwantedBody
        /// All of it is here.
        case done
        /// Nothing more is read from this connection.
        case closed
    }

    /// How far its response has been written.
    private enum Writing {
        /// There is no request.
        case idle
        /// It is owed.
        case owed
        /// Its head was written.
        case begun(ResponseFraming)
        /// All of it was written.
        case done
    }

    private static let continueHead = [UInt8]("HTTP/1.1 100 Continue\r\n\r\n")
    private static let lineEnd = [UInt8]("\r\n")
    private static let lastChunk = [UInt8]("0\r\n\r\n")

    private let server: ServerLoop
    let stream: any ByteStream
    private var parser: HTTP1RequestParser
    private var reading = Reading.head
    private var writing = Writing.idle
    private var driver: ExchangeDriver?
    /// What came behind a request that is not over.
    private var waiting: [UInt8] = []
    private var isParsing = false
    private var isPaused = false

    // Of the request at hand.
    private var minorVersion = 1
    private var isHead = false
    private var staysOpen = true
    private var expectsContinue = false
    private var hasBody = false
    /// Whether a body that nobody wants is worth reading over, to keep the connection.
    private var isBodyShort = true
    private var line = RequestLine()
    /// Stands for the bytes being read, if they begin a request.
    private var fingerprint: RequestFingerprint?

    // What the deadlines are counted from.
    private var lastProgress: MonotonicTime
    private var lastSent: Int64 = 0
    var place = 0

    init(_ server: ServerLoop, _ stream: any ByteStream) {
        self.server = server
        self.stream = stream
        parser = HTTP1RequestParser(limits: HTTP1Limits())
        lastProgress = server.loop.now
        stream.receiver = self
    }

    // MARK: Reading

    /// Takes the bytes that showed that HTTP/1.x is spoken.
    ///
    /// - Parameter since: When the first of them came: the deadline of a head counts from there.
    func begin(with bytes: Span<UInt8>, since: MonotonicTime) {
        streamReceived(bytes)
        if case .head = reading, parser.isWithinHead { lastProgress = since }
    }

    /// Reads what can be read now, and keeps the rest.
    private func read(_ bytes: Span<UInt8>) {
        fingerprint = nil
        // Who does not read what he is sent is answered no more, on this way as on the other.
        if isBetweenRequests, canRead(0) {
            guard !server.fastPath.answers(bytes, on: stream, &fingerprint) else { return }
        }
        isParsing = true
        var position = 0
        var requests = 0
        while canRead(requests), parse(bytes, &position, &requests) {}
        isParsing = false
        // What comes in later reads is part of the request too: these bytes alone stand for nothing.
        if case .done = reading {} else { driver?.fingerprint = nil }
        if case .closed = reading { return }
        guard position < bytes.count else { return }
        keep(bytes.extracting(position..<bytes.count))
        if requests == ServerLoop.requestsATurn { server.afterOthers(self) }
    }

    /// Whether more of what has come can be read now.
    private func canRead(_ requests: Int) -> Bool {
        switch reading {
        case .closed, .done: false
        case .body: !hasBody
        case .wantedBody: !isPaused
        case .unwantedBody: true
        case .head:
            requests < ServerLoop.requestsATurn
                && stream.unsentByteCount <= ServerLoop.mostUnsent
        }
    }

    /// Reads one event of the request.
    ///
    /// - Returns: false when more bytes are needed.
    private func parse(
        _ bytes: Span<UInt8>, _ position: inout Int, _ requests: inout Int
    ) -> Bool {
        let event: HTTP1Event<HTTP1RequestHead>?
        do throws(HTTP1Error) {
            event = try parser.next(bytes, from: &position)
        } catch {
            refuse(error)
            return true
        }
        switch event {
        case nil:
            return false
        case .head(let head):
            requests += 1
            begin(head)
        case .body(let range):
            if case .wantedBody = reading { driver?.bodyReceived(bytes.extracting(range)) }
        case .end:
            // Other bytes than those of this one request, whole, stand for nothing: neither those of
            // several requests nor the beginning of one that came in several reads.
            if requests != 1 || position < bytes.count { driver?.fingerprint = nil }
            endRequest()
        }
        return true
    }

    private func begin(_ head: HTTP1RequestHead) {
        minorVersion = head.minorVersion
        staysOpen = head.isPersistent && !server.isDraining
        expectsContinue = head.expectsContinue
        isHead = head.method.elementsEqual("HEAD".utf8)
        line = RequestLine(method: head.method, target: head.target, begun: server.loop.now)
        hasBody = head.framing != .none
        reading = .body
        writing = .owed
        switch head.framing {
        case .none: isBodyShort = true
        case .length(let length): isBodyShort = length <= 64 << 10 && !expectsContinue
        case .chunked, .untilClose: isBodyShort = false
        }
        let driver = ExchangeDriver(server.proxy, client: self) { [server, line] record in
            server.log(record, line)
        }
        self.driver = driver
        if minorVersion > 0, staysOpen, !expectsContinue { driver.fingerprint = fingerprint }
        fingerprint = nil
        var request = head.arrived
        request.target = server.originForm(of: head.target)
        driver.began(request)
    }

    private func endRequest() {
        let before = reading
        reading = .done
        if case .wantedBody = before { driver?.bodyEnded() }
        goOn()
    }

    /// The bytes are no request: what is owed is answered, then the connection ends.
    private func refuse(_ error: HTTP1Error) {
        staysOpen = false
        switch (reading, writing) {
        case (.head, .idle):
            answerAlone(ProxyError(error))
        case (.wantedBody, _):
            reading = .closed
            driver?.bodyRefused(ProxyError(error))
            goOn()
        default:
            reading = .closed
            goOn()
        }
    }

    /// Answers what no exchange was begun for, and closes.
    private func answerAlone(_ error: ProxyError) {
        staysOpen = false
        minorVersion = 1
        isHead = false
        line = RequestLine(method: [], target: [], begun: lastProgress)
        reading = .closed
        writing = .owed
        let response = error.response()
        if case .bytes(let body) = response.body { respond(response.head, body: body) }
        var record = ExchangeRecord()
        record.outcome = .error
        record.reason = error.code
        record.status = error.status
        server.log(record, line)
    }

    private func keep(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { waiting.append(contentsOf: $0) }
        if waiting.count > server.configuration.maximumPipelined { stream.pauseReading() }
    }

    /// Reads on from what has waited.
    func readWaiting() {
        guard !isParsing else { return }
        if case .closed = reading { return }
        let bytes = waiting
        waiting = []
        if !isPaused { stream.resumeReading() }
        read(bytes.span)
    }

    private var isBetweenRequests: Bool {
        guard case .head = reading, case .idle = writing else { return false }
        return parser.isBetweenMessages
    }

    /// Begins the next request once both halves of this one are over, or closes.
    private func goOn() {
        guard case .done = writing else { return }
        switch reading {
        case .done where staysOpen && !server.isDraining:
            reading = .head
            writing = .idle
            driver = nil
            lastProgress = server.loop.now
            if !waiting.isEmpty, !isParsing { server.afterOthers(self) }
        case .body where staysOpen && isBodyShort, .wantedBody where staysOpen && isBodyShort:
            reading = .unwantedBody
            if !isParsing { server.afterOthers(self) }
        case .unwantedBody where staysOpen:
            break
        case .head, .body, .wantedBody, .unwantedBody, .done, .closed:
            close()
        }
    }

    private func close() {
        reading = .closed
        waiting = []
        stream.close()
    }

    // MARK: Deadlines and draining

    /// Looks whether a deadline has passed.
    func check(_ now: MonotonicTime) {
        let sent = stream.sentByteCount
        if stream.unsentByteCount > 0 {
            if sent != lastSent {
                lastSent = sent
                lastProgress = now
            } else if now - lastProgress > server.configuration.idleTimeout {
                stream.abort()
            }
            return
        }
        if sent != lastSent {
            lastSent = sent
            lastProgress = now
        }
        switch (reading, writing) {
        case (.head, _) where parser.isWithinHead:
            if now - lastProgress > server.configuration.headerTimeout {
                answerAlone(.requestTimeout)
            }
        case (.head, .idle), (.wantedBody, .owed), (.unwantedBody, _):
            if !isPaused, now - lastProgress > server.configuration.idleTimeout { close() }
        default:
            break
        }
    }

    /// Closes unless a request is under way; then closes behind its response.
    func drain() {
        staysOpen = false
        if case .idle = writing { close() }
    }

    /// Ends what is under way as a cut.
    func cutNow() {
        if case .idle = writing { return stream.abort() }
        driver?.clientLeft()
        driver = nil
        cut()
    }

    /// How long nothing has happened; nil while a request is under way.
    func idleTime(_ now: MonotonicTime) -> Duration? {
        isBetweenRequests ? now - lastProgress : nil
    }
}

extension HTTP1Connection: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        switch reading {
        case .head where !parser.isWithinHead, .body, .wantedBody, .unwantedBody:
            lastProgress = server.loop.now
        case .head, .done, .closed:
            break
        }
        if waiting.isEmpty, !isPaused { return read(bytes) }
        keep(bytes)
        if case .head = reading { readWaiting() }
    }

    func streamDrained() {
        if case .begun = writing { driver?.clientDrained() } else { readWaiting() }
    }

    func streamEnded() {
        switch (reading, writing) {
        case (.body, _), (.wantedBody, _), (.unwantedBody, _):
            // It ended within a body.
            reading = .closed
            staysOpen = false
            driver?.bodyBroken()
            goOn()
        case (.done, .owed), (.done, .begun):
            // Who closes his side while he waits does not wait: but what the cache has, he gets.
            staysOpen = false
            if driver?.clientEnded() == true { leave() }
        case (.head, .idle) where parser.isWithinHead:
            refuse(.truncated)
        default:
            close()
        }
    }

    /// Gives up what is owed.
    private func leave() {
        driver = nil
        reading = .closed
        writing = .done
        stream.close()
    }

    func streamClosed(_ reason: StreamCloseReason) {
        reading = .closed
        writing = .done
        let driver = driver
        self.driver = nil
        driver?.clientLeft()
        waiting = []
        server.closed(self)
    }
}

extension HTTP1Connection: ExchangeClient {
    func wantBody() {
        guard case .body = reading else { return }
        reading = .wantedBody
        if !isParsing { server.afterOthers(self) }
        if expectsContinue {
            expectsContinue = false
            if minorVersion > 0 { stream.write(keeping: Self.continueHead) }
        }
    }

    func pauseBody() {
        isPaused = true
        stream.pauseReading()
    }

    func resumeBody() {
        guard isPaused else { return }
        isPaused = false
        if waiting.isEmpty { stream.resumeReading() } else { server.afterOthers(self) }
    }

    func respond(_ head: ResponseHead, body: [UInt8]) {
        let isDeclared = head.headers.contains { $0.isNamed("content-length") }
        write(head, allowsBody(head) ? isDeclared ? .declared : .length(body.count) : .none)
        if allowsBody(head), !isHead, !body.isEmpty { stream.write(keeping: body) }
        finishResponse()
    }

    func begin(_ head: ResponseHead) {
        let framing: ResponseFraming
        if !allowsBody(head) {
            framing = .none
        } else if head.headers.contains(where: { $0.isNamed("content-length") }) {
            framing = .declared
        } else if minorVersion > 0 {
            framing = .chunked
        } else {
            framing = .untilClose
            staysOpen = false
        }
        write(head, framing)
        writing = .begun(framing)
    }

    func send(_ bytes: Span<UInt8>) {
        guard case .begun(let framing) = writing, !bytes.isEmpty, !isHead else { return }
        switch framing {
        case .none:
            break
        case .chunked:
            write { HTTP1MessageWriter.appendChunkHead(size: bytes.count, to: &$0) }
            stream.write(bytes)
            stream.write(keeping: Self.lineEnd)
        case .declared, .length, .untilClose:
            stream.write(bytes)
        }
    }

    func finish() {
        guard case .begun(let framing) = writing else { return }
        if framing == .chunked, !isHead { stream.write(keeping: Self.lastChunk) }
        finishResponse()
    }

    func cut() {
        let isTold: Bool
        if case .begun(.untilClose) = writing { isTold = false } else { isTold = true }
        writing = .done
        reading = .closed
        driver = nil
        // Where the framing tells a cut, what came before it arrives; else only a reset tells it.
        if isTold { stream.closeWithoutEnd() } else { stream.abort() }
    }

    var unsentByteCount: Int { stream.unsentByteCount }

    /// Whether a response to this request has a body's framing (RFC 9112 §6.3).
    private func allowsBody(_ head: ResponseHead) -> Bool {
        !(head.status < 200 || head.status == 204 || head.status == 304)
    }

    private func write(_ head: ResponseHead, _ framing: ResponseFraming) {
        switch reading {
        case .body where !isBodyShort, .wantedBody where !isBodyShort: staysOpen = false
        default: break
        }
        if server.isDraining { staysOpen = false }
        var connection: StaticString?
        if !staysOpen {
            connection = "close"
        } else if minorVersion == 0 {
            connection = "keep-alive"
        }
        let date = server.date
        write {
            ResponseHeadWriter.append(
                head, framing, minorVersion: minorVersion, date: date, connection: connection,
                to: &$0)
        }
    }

    /// Writes what is appended to the loop's scratch bytes.
    private func write(_ append: (inout [UInt8]) -> Void) {
        // Moved out while it is written, so that it is not copied.
        var bytes = server.scratch
        server.scratch = []
        bytes.removeAll(keepingCapacity: true)
        append(&bytes)
        stream.write(bytes.span)
        server.scratch = bytes
    }

    private func finishResponse() {
        writing = .done
        driver = nil
        goOn()
    }
}
