internal import CNghttp2

/// One request and its response on an ``HTTP2ServerSession``.
///
/// ```
/// request:   head ─► body (waits until it is wanted, and while it is paused) ─► ended
/// response:  none ─► begun ─► finished, or cut behind what was sent
/// ```
///
/// Used on the connection's loop. What the library says is recorded, and told to the handler after
/// the library has returned.
public final class HTTP2Stream {
    /// What becomes of the request's body.
    enum Reading {
        /// It waits for somebody to want it.
        case held
        /// It is delivered as it comes.
        case wanted
        /// It is delivered later.
        case paused
        /// It is dropped.
        case discarded
    }

    /// How far the response has come.
    enum Writing {
        case none
        /// Its head was handed to the library; bytes may follow.
        case begun
        /// All of it was handed over; what waits goes out, then the end.
        case finished
        /// What waits goes out, then a reset.
        case cut
    }

    /// The stream identifier (RFC 9113 §5.1.1).
    public let id: Int32
    /// Who hears what becomes of it; let go when the stream is closed.
    public var handler: (any HTTP2StreamHandler)?

    /// Lists this stream until it is closed.
    let session: HTTP2ServerSession
    /// Where the session's list holds it.
    var place = 0
    var isTouched = false

    // The request.
    var encoded = HTTP2EncodedHead()
    var headByteCount = 0
    /// Whether the head has more bytes or fields than it may; what was too much is missing.
    public internal(set) var isHeadTooLarge = false
    var isHeadComplete = false
    var isBegun = false
    /// Whether all of the request has come, though perhaps not all of it was delivered.
    public internal(set) var isRequestComplete = false
    var isEndTold = false
    var reading = Reading.held
    var body: [UInt8] = []
    /// Bytes that came, and that the client may not yet send again.
    var unconsumed = 0

    // The response.
    var writing = Writing.none
    private(set) var output: [UInt8] = []
    private(set) var outputStart = 0
    /// Whether the library waits to be told that there are bytes.
    var isDeferred = false
    var isAboveMark = false
    var isDrainDue = false

    var isClosed = false
    /// When the client last sent or took something.
    var lastProgress: MonotonicTime

    init(id: Int32, session: HTTP2ServerSession, now: MonotonicTime) {
        self.id = id
        self.session = session
        lastProgress = now
    }

    // MARK: The request

    /// All fields of the head in their order, those with a colon included, each behind its length: the
    /// same bytes if and only if the fields are the same, and never those of an HTTP/1.1 request.
    public var encodedHead: [UInt8] { encoded.bytes }

    /// The head; nil when it names two hosts.
    public var head: HTTP2RequestHead? { HTTP2RequestHead(encoded) }

    /// What has come of the body and was not delivered.
    public var waitingBody: [UInt8] { body }

    /// Delivers the body from now on, as it comes.
    public func receiveBody() {
        guard reading == .held else { return }
        reading = .wanted
        lastProgress = session.stream.loop.now
        session.touch(self)
    }

    /// Delivers nothing for now; the client sends what the window allows, and then stops.
    public func pauseBody() {
        if reading == .wanted { reading = .paused }
    }

    /// Delivers again.
    public func resumeBody() {
        guard reading == .paused else { return }
        reading = .wanted
        lastProgress = session.stream.loop.now
        session.touch(self)
    }

    /// Drops the body, what has come and what will.
    public func discardBody() {
        guard reading != .discarded else { return }
        reading = .discarded
        session.touch(self)
    }

    // MARK: The response

    /// Bytes that were sent here and wait for the client.
    public var unsentByteCount: Int { output.count - outputStart }

    /// Asks the client for the body that it holds back (a 100).
    public func sendContinue() {
        guard !isClosed, writing == .none, !isRequestComplete else { return }
        session.submitContinue(self)
    }

    /// Sends a whole response.
    ///
    /// - Parameter body: Empty for a response that has none.
    public func respond(_ fields: HTTP2FieldList, body: [UInt8]) {
        guard !isClosed, writing == .none else { return }
        output = body
        writing = .finished
        lastProgress = session.stream.loop.now
        session.submitResponse(self, fields, hasBody: !body.isEmpty)
    }

    /// Begins a response.
    ///
    /// - Parameter hasBody: Whether bytes follow, by ``send(_:)``; otherwise it is whole.
    public func begin(_ fields: HTTP2FieldList, hasBody: Bool) {
        guard !isClosed, writing == .none else { return }
        writing = hasBody ? .begun : .finished
        session.submitResponse(self, fields, hasBody: hasBody)
    }

    /// Sends the next bytes.
    public func send(_ bytes: Span<UInt8>) {
        guard !isClosed, writing == .begun, !bytes.isEmpty else { return }
        if unsentByteCount == 0 {
            lastProgress = session.stream.loop.now
            output.removeAll(keepingCapacity: true)
            outputStart = 0
        }
        output.append(copying: bytes)
        if unsentByteCount > ByteStreamLimits.lowWaterMark { isAboveMark = true }
        session.resume(self)
    }

    /// Ends the response: it is whole.
    public func finish() {
        guard writing == .begun else { return }
        writing = .finished
        session.resume(self)
    }

    /// Ends the response before it is whole: what was sent goes out, then the stream is reset.
    public func cut() {
        switch writing {
        case .none:
            writing = .cut
            reset(.internalError)
        case .begun:
            writing = .cut
            session.resume(self)
        case .finished, .cut:
            break
        }
    }

    /// Ends the stream at once.
    public func reset(_ code: HTTP2ErrorCode) {
        session.submitReset(self, code)
    }

    /// Whether a read of the library would find bytes or an end.
    var hasNews: Bool { unsentByteCount > 0 || writing == .finished || writing == .cut }

    /// The next bytes of the response, which must not be more than there are.
    func takeOutput(_ count: Int, _ write: (Span<UInt8>) -> Void) {
        let end = min(outputStart + count, output.count)
        write(output.span.extracting(outputStart..<end))
        outputStart = end
        if outputStart == output.count {
            // A response may last for minutes.
            if writing != .begun || output.capacity > ByteStreamLimits.lowWaterMark {
                output = []
            } else {
                output.removeAll(keepingCapacity: true)
            }
            outputStart = 0
        } else if writing == .begun, outputStart > ByteStreamLimits.lowWaterMark {
            output.removeFirst(outputStart)
            outputStart = 0
        }
        lastProgress = session.stream.loop.now
        if isAboveMark, unsentByteCount <= ByteStreamLimits.lowWaterMark {
            isAboveMark = false
            isDrainDue = true
        }
    }

    /// Whether the client's turn has come, and not ours: to send of the body, or to take of the
    /// response.
    var waitsForClient: Bool {
        unsentByteCount > 0 || reading == .wanted && !isRequestComplete
    }

    /// Lets go of all that it holds.
    func release() {
        output = []
        outputStart = 0
        body = []
        handler = nil
    }
}
