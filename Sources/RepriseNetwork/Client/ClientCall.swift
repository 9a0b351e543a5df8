/// One request and its response, from the search for a connection to the end.
///
///     waiting ─▶ open ─┬▶ over
///        ▲             │
///        └─ once, when the upstream cannot have had the request whole
///
/// Bound to its loop.
public final class ClientCall {
    private enum State {
        /// A connection is being looked for or made.
        case waiting
        case open(ClientConnection)
        case over
    }

    let origin: Origin
    private(set) var route = Route.direct
    private(set) var key: ConnectionPool.Key
    /// A connection that is being made.
    var attempt: (any LoopAttempt)?
    private let client: HTTPClient
    private var state = State.waiting
    private var handler: (any ClientResponseHandler)?
    /// The request, until it is sent, and until it cannot be sent again.
    private var text: RequestText?
    private var upload: RequestText.Upload?
    private var saysClose = false
    private var isReused = false
    private var hasHead = false
    private var isPaused = false
    /// What the connection has to have sent in all before the upstream can have the request whole.
    private var sentCountOfWhole: Int64 = 0
    private var watch: SilenceWatch?
    private var timer: (any LoopTimer)?

    init(to origin: Origin, for handler: any ClientResponseHandler, by client: HTTPClient) {
        self.origin = origin
        self.handler = handler
        self.client = client
        key = ConnectionPool.Key(origin, .direct)
    }

    /// Whether it waits for a connection.
    var isWaiting: Bool { if case .waiting = state { true } else { false } }

    /// Whether it has ended, in whatever way.
    public var isOver: Bool { if case .over = state { true } else { false } }

    /// Whether all of the request has been handed to the connection, which may then be used again.
    var isRequestSent: Bool { upload == nil && !saysClose }

    private var connection: ClientConnection? {
        if case .open(let connection) = state { connection } else { nil }
    }

    // MARK: Beginning

    /// Takes the request that is to be sent.
    func prepare(_ text: RequestText, by route: Route) {
        self.text = text
        self.route = route
        key = ConnectionPool.Key(origin, route)
        saysClose = text.saysClose
    }

    /// Sends the request on a connection.
    func begin(on connection: ClientConnection, isReused: Bool) {
        attempt = nil
        guard isWaiting, let text else { return connection.close() }
        state = .open(connection)
        self.isReused = isReused
        upload = text.upload
        let stream = connection.stream
        sentCountOfWhole = stream.sentByteCount + Int64(text.count)
        connection.begin(self, text.kind)
        if isPaused { stream.pauseReading() }
        stream.write(keeping: text.bytes)
        if let body = text.longBody { stream.write(keeping: body) }
        // Let go of once it cannot be sent again: a prompt may be long, and a response may last.
        if !isReused || upload != nil { self.text = nil }
        beginPeersTurn()
        // Never within the call that sends the request.
        if upload != nil {
            client.loop.afterThisTurn { [self] in
                if upload != nil { handler?.requestBodyWanted() }
            }
        }
    }

    // MARK: The request's body

    /// Bytes of the request that the upstream has not taken.
    public var unsentByteCount: Int { connection?.stream.unsentByteCount ?? 0 }

    /// Sends a piece of a streamed body; not before it is wanted. Without effect once the call is
    /// over.
    public func write(_ bytes: Span<UInt8>) {
        writePiece(bytes.count) { $0.write(bytes) }
    }

    /// Sends a piece of a streamed body, which is kept instead of copied.
    public func write(keeping bytes: [UInt8]) {
        writePiece(bytes.count) { $0.write(keeping: bytes) }
    }

    private func writePiece(_ count: Int, _ write: (any ByteStream) -> Void) {
        guard !isOver, count > 0 else { return }
        guard let connection else { preconditionFailure("a body is written when it is wanted") }
        guard let upload else { return fail(Self.wrongLength) }
        let stream = connection.stream
        // It was this side's turn until now.
        if stream.unsentByteCount == 0 { noteActivity() }
        guard let left = upload.left else {
            var frame: [UInt8] = []
            HTTP1MessageWriter.appendChunkHead(size: count, to: &frame)
            stream.write(keeping: frame)
            write(stream)
            frame.removeAll(keepingCapacity: true)
            HTTP1MessageWriter.appendChunkEnd(to: &frame)
            stream.write(keeping: frame)
            return
        }
        guard Int64(count) <= left else {
            return fail(Self.wrongLength)
        }
        write(stream)
        self.upload?.left = left - Int64(count)
        if left == Int64(count) { endUpload() }
    }

    /// Ends a streamed body. One that is shorter than was said fails the call: it is cut, not ended.
    public func finishBody() {
        guard let connection, let upload else { return }
        switch upload.left {
        case nil:
            var last: [UInt8] = []
            HTTP1MessageWriter.appendLastChunk(to: &last)
            connection.stream.write(keeping: last)
        default: return fail(Self.wrongLength)
        }
        endUpload()
    }

    private func endUpload() {
        upload = nil
        beginPeersTurn()
    }

    private static let wrongLength = ClientError.unsendable(
        "the body is not as long as its Content-Length says")

    /// The connection takes more.
    func drain() {
        if upload != nil { handler?.requestBodyDrained() }
    }

    // MARK: The response

    /// Reads no more, until ``resumeReading()``.
    public func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        connection?.stream.pauseReading()
    }

    /// Reads on.
    public func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        noteActivity()
        connection?.stream.resumeReading()
    }

    /// The upstream has done something, or its turn has begun.
    func noteActivity() { watch?.note(client.loop.now) }

    /// Passes the head on.
    func receive(_ head: HTTP1ResponseHead) {
        hasHead = true
        text = nil
        handler?.responseHead(head)
    }

    /// Passes a piece of the body on.
    func receive(_ piece: Span<UInt8>) { handler?.responseBody(piece) }

    // MARK: Ending

    /// Gives the call up: its connection is cut, and the handler hears nothing more.
    public func cancel() {
        _ = close()
    }

    /// The response is whole; its connection is another's.
    func end(_ end: ResponseEnd) {
        // An idle connection has to read, or its end would not be seen.
        if isPaused { connection?.stream.resumeReading() }
        if case .open = state { state = .over }
        close()?.responseEnded(end)
    }

    /// There will be no whole response.
    func fail(_ error: ClientError) {
        close()?.callFailed(error)
    }

    /// The connection is gone before the response was whole.
    ///
    /// The request is sent once more if the connection was one that had been kept, nothing came on
    /// it, and the upstream cannot have had the request whole, since part of it never left. A fresh
    /// connection is made for it: those that were kept beside this one are likely to be dead too.
    func lose(_ reason: StreamCloseReason) {
        let error = hasHead ? ClientError.cut(reason) : .closedBeforeHead(reason)
        guard let connection, text != nil, isReused, connection.isUnanswered,
            connection.stream.sentByteCount < sentCountOfWhole
        else { return fail(error) }
        stopWatching()
        state = .waiting
        connection.abort()
        client.dial(for: self)
    }

    /// - Returns: The handler, the first time.
    private func close() -> (any ClientResponseHandler)? {
        let connection = connection
        let handler = handler
        let attempt = attempt
        // First of all: what is closed may come back here.
        state = .over
        self.handler = nil
        self.attempt = nil
        text = nil
        upload = nil
        stopWatching()
        attempt?.cancel()
        connection?.abort()
        return handler
    }

    // MARK: Silence

    private func beginPeersTurn() {
        var watch = watch ?? SilenceWatch(limit: client.configuration.silence, now: client.loop.now)
        watch.begin(client.loop.now)
        self.watch = watch
        look(after: watch.firstLook)
    }

    private func look(after delay: Duration) {
        timer?.cancel()
        timer = client.loop.schedule(after: delay) { self.checkSilence() }
    }

    private func stopWatching() {
        timer?.cancel()
        timer = nil
        watch = nil
    }

    private func checkSilence() {
        guard let connection else { return }
        let stream = connection.stream
        let isOurs = isPaused || upload != nil && stream.unsentByteCount == 0
        let next = watch?.check(
            client.loop.now, turn: isOurs ? .ours : .peer, takenBytes: stream.sentByteCount)
        if let next {
            look(after: next)
        } else {
            fail(.timedOut(.silence))
        }
    }
}
