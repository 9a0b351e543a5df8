import RepriseCore
import RepriseNetwork
import RepriseProxy
import RepriseStorage

/// One request over HTTP/2: what stands between its stream and its ``ExchangeDriver``.
///
/// A short body that the cache is to read is held until it is whole, because the fast path may answer
/// it then; many clients send head and body in two writes.
final class HTTP2Exchange {
    private let server: ServerLoop
    private let stream: HTTP2Stream
    private var driver: ExchangeDriver?
    private var line = RequestLine()
    private var isHead = false
    private var expectsContinue = false
    /// Whether the request's bytes may be learnt once they are whole.
    private var isHolding = false
    /// What is held of the body.
    private var held: [UInt8] = []
    /// Stands for the request's exact bytes, if they were all here when it began.
    private let fingerprint: RequestFingerprint?

    init(_ server: ServerLoop, _ stream: HTTP2Stream, _ fingerprint: RequestFingerprint?) {
        self.server = server
        self.stream = stream
        self.fingerprint = fingerprint
    }

    /// Begins the exchange.
    func begin() {
        stream.handler = self
        guard !stream.isHeadTooLarge else { return answerAlone(ProxyError(.headTooLarge)) }
        guard let head = stream.head else { return stream.reset(.protocolError) }
        isHead = head.method.elementsEqual("HEAD".utf8)
        expectsContinue = head.expectsContinue && !stream.isRequestComplete
        line = RequestLine(method: head.method, target: head.target, begun: server.loop.now)
        let driver = ExchangeDriver(server.proxy, client: self) { [server, line] record in
            server.log(record, line)
        }
        self.driver = driver
        driver.fingerprint = fingerprint
        let hasBody = !stream.isRequestComplete || !stream.waitingBody.isEmpty
        driver.began(
            ArrivedRequest(
                method: head.method, target: head.target, headers: head.fields.headerFields,
                hasBody: hasBody, declaredLength: hasBody ? head.declaredLength : nil))
    }

    /// Answers what no exchange was begun for.
    private func answerAlone(_ error: ProxyError) {
        line = RequestLine(method: [], target: [], begun: server.loop.now)
        let response = error.response()
        if case .bytes(let body) = response.body { respond(response.head, body: body) }
        var record = ExchangeRecord()
        record.outcome = .error
        record.reason = error.code
        record.status = error.status
        server.log(record, line)
    }

    /// Hands over what was held.
    private func release() {
        isHolding = false
        let bytes = held
        held = []
        if !bytes.isEmpty { driver?.bodyReceived(bytes.span) }
    }

    /// The response is on its way; what is left of the request is of no use.
    private func responded() {
        driver = nil
        isHolding = false
        held = []
        stream.discardBody()
    }
}

extension HTTP2Exchange: HTTP2StreamHandler {
    func bodyReceived(_ bytes: Span<UInt8>) {
        guard isHolding else {
            driver?.bodyReceived(bytes)
            return
        }
        bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
        if held.count > FastPath.longestRequest { release() }
    }

    func requestEnded() {
        if isHolding {
            var fingerprint: RequestFingerprint?
            if server.fastPath.answers(stream, body: held.span, &fingerprint) {
                return responded()
            }
            driver?.fingerprint = fingerprint
            release()
        }
        driver?.bodyEnded()
    }

    func responseDrained() { driver?.clientDrained() }

    func streamClosed() {
        let driver = driver
        self.driver = nil
        held = []
        driver?.clientLeft()
    }
}

extension HTTP2Exchange: ExchangeClient {
    func wantBody() {
        // Only the cache reads a body before anything is sent; all else is passed on as it comes.
        isHolding =
            driver?.exchange.state == .reading && fingerprint == nil && !expectsContinue
        if expectsContinue {
            expectsContinue = false
            stream.sendContinue()
        }
        stream.receiveBody()
    }

    func pauseBody() { stream.pauseBody() }

    func resumeBody() { stream.resumeBody() }

    func respond(_ head: ResponseHead, body: [UInt8]) {
        let hasBody = Self.allowsBody(head)
        withFields(head, length: hasBody ? body.count : nil) { fields in
            stream.respond(fields, body: hasBody && !isHead ? body : [])
        }
        responded()
    }

    func begin(_ head: ResponseHead) {
        withFields(head, length: nil) { fields in
            stream.begin(fields, hasBody: Self.allowsBody(head) && !isHead)
        }
    }

    func send(_ bytes: Span<UInt8>) { stream.send(bytes) }

    func finish() {
        stream.finish()
        responded()
    }

    func cut() {
        stream.cut()
        responded()
    }

    var unsentByteCount: Int { stream.unsentByteCount }

    private static func allowsBody(_ head: ResponseHead) -> Bool {
        !(head.status < 200 || head.status == 204 || head.status == 304)
    }

    /// Calls `body` with the fields of a head.
    ///
    /// - Parameter length: Bytes of the body where the head need not say so.
    private func withFields(
        _ head: ResponseHead, length: Int?, _ body: (HTTP2FieldList) -> Void
    ) {
        server.withFields { fields in
            fields.begin(status: Int(head.status))
            var hasDate = false
            var hasLength = false
            for field in head.headers {
                hasDate = hasDate || field.isNamed("date")
                hasLength = hasLength || field.isNamed("content-length")
                fields.append(name: field.name.span, value: field.value.span)
            }
            if let length, !hasLength { fields.append("content-length", number: Int64(length)) }
            if !hasDate { fields.append("date") { $0.append(contentsOf: server.date) } }
            body(fields)
        }
    }
}
