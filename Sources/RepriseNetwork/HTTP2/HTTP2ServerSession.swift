internal import CNghttp2

/// The server's side of one HTTP/2 connection (RFC 9113), on nghttp2.
///
/// Bytes of the client go into the library, whose callbacks only record what they say; then the
/// handlers are told; then what the library has to send is written, as long as no more than
/// ``ByteStreamLimits/lowWaterMark`` bytes are unsent. So a turn ends in one write, and what is not
/// sent waits in the streams, whose producers hear of it.
///
/// ```
/// open ──drain()──▶ noticed ──the client has heard──▶ refusing ──the last stream ends──▶ closed
/// ```
public final class HTTP2ServerSession {
    /// How far the connection has come on its way to its end.
    enum Phase {
        case open
        /// The client was told that the end is near.
        case noticed
        /// No more requests are taken.
        case refusing
        /// The stream below was closed.
        case closing
        case closed
    }

    let stream: any ByteStream
    let limits: HTTP2Limits
    /// Who serves the requests; held until the connection is closed, and set in the turn that makes
    /// the session.
    public var handler: (any HTTP2SessionHandler)?
    /// Nil once it was given back.
    var raw: OpaquePointer?
    var phase = Phase.open

    /// The streams that the library knows.
    var streams: [HTTP2Stream] = []
    /// Those that have something to tell.
    private var touched: [HTTP2Stream] = []
    /// Whether the library runs, which must not be entered a second time.
    private var isInside = false
    /// Whether handlers are told and output is written at the end of what runs.
    private var isRunning = false
    private var isRunDue = false

    private var watch = FrameWatch()
    private var bucket: TokenBucket
    /// What cost work and brought nothing, since it was last counted.
    var idleFrames = 0
    /// Whether the client has answered our PING.
    var hasPong = false
    var drainTimer: (any LoopTimer)?

    // What the deadlines are counted from.
    var headBegan: MonotonicTime?
    var lastActivity: MonotonicTime
    var lastSent: Int64 = 0

    /// Begins a session on a stream, whose receiver it becomes.
    public init(_ stream: any ByteStream, limits: HTTP2Limits) {
        self.stream = stream
        self.limits = limits
        let now = stream.loop.now
        lastActivity = now
        bucket = TokenBucket(capacity: 1000, rate: 33, now: now)
        raw = HTTP2Callbacks.makeSession(Unmanaged.passUnretained(self).toOpaque())
        stream.receiver = self
        if raw == nil {
            // Out of memory.
            stream.abort()
        } else {
            submitSettings()
            runLater()
        }
    }

    deinit {
        nghttp2_session_del(raw)
    }

    /// How many requests are under way.
    public var streamCount: Int { streams.count }

    private func submitSettings() {
        func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        let entries = [
            entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headBytes),
            entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_settings(raw, flags, entries, entries.count)
        nghttp2_session_set_local_window_size(
            raw, flags, 0, Int32(clamping: limits.connectionWindow))
    }

    // MARK: The turn

    /// Lets a stream be told what was recorded for it.
    func touch(_ stream: HTTP2Stream) {
        if !stream.isTouched {
            stream.isTouched = true
            touched.append(stream)
        }
        runLater()
    }

    /// Tells and writes at the end of this turn, unless that is under way.
    func runLater() {
        guard !isRunning, !isRunDue else { return }
        isRunDue = true
        // Not weakly: an object that was once referred to weakly is slower to retain ever after.
        stream.loop.afterThisTurn { [self] in
            guard isRunDue else { return }
            isRunDue = false
            run()
        }
    }

    /// Tells what was recorded, and writes what there is to write.
    private func run() {
        guard !isRunning else { return }
        isRunning = true
        finishRun()
    }

    private func finishRun() {
        repeat {
            tell()
            pump()
        } while !touched.isEmpty
        isRunning = false
        endIfOver()
    }

    private func tell() {
        var index = 0
        while index < touched.count {
            let stream = touched[index]
            index += 1
            stream.isTouched = false
            tell(stream)
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func tell(_ stream: HTTP2Stream) {
        if stream.isHeadComplete, !stream.isBegun, !stream.isClosed {
            stream.isBegun = true
            handler?.requestBegan(stream)
        }
        deliver(stream)
        if stream.isDrainDue {
            stream.isDrainDue = false
            if !stream.isClosed { stream.handler?.responseDrained() }
        }
        if stream.isClosed {
            let handler = stream.handler
            stream.release()
            handler?.streamClosed()
        }
    }

    /// Hands over what has come of a body, as far as it is wanted.
    private func deliver(_ stream: HTTP2Stream) {
        guard stream.isBegun, !stream.isClosed else { return }
        if stream.reading == .discarded {
            stream.body = []
            return consume(stream)
        }
        if stream.reading == .wanted, !stream.body.isEmpty {
            // Moved out, so that the handler may do what it likes.
            let body = stream.body
            stream.body = []
            consume(stream)
            stream.handler?.bodyReceived(body.span)
        }
        guard stream.isRequestComplete, !stream.isEndTold, stream.body.isEmpty,
            stream.reading == .wanted
        else { return }
        stream.isEndTold = true
        stream.handler?.requestEnded()
    }

    /// Lets the client send again what was delivered.
    private func consume(_ stream: HTTP2Stream) {
        guard stream.unconsumed > 0, !stream.isClosed, raw != nil else { return }
        nghttp2_session_consume(raw, stream.id, stream.unconsumed)
        stream.unconsumed = 0
    }

    /// Writes what the library has to send, as long as not too much is unsent.
    private func pump() {
        guard raw != nil, phase != .closing, phase != .closed else { return }
        isInside = true
        while stream.unsentByteCount <= ByteStreamLimits.lowWaterMark {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(raw, &bytes)
            guard count > 0, let bytes else { break }
            stream.write(UnsafeBufferPointer(start: bytes, count: count).span)
        }
        isInside = false
        countIdleFrames()
    }

    private func countIdleFrames() {
        guard idleFrames > 0 else { return }
        let count = idleFrames
        idleFrames = 0
        guard !bucket.take(count, now: stream.loop.now) else { return }
        fail(.enhanceYourCalm)
    }

    /// Ends the connection: the client is told why, and what is under way is lost.
    func fail(_ code: HTTP2ErrorCode) {
        guard raw != nil, phase != .closing, phase != .closed else { return }
        nghttp2_session_terminate_session(raw, code.rawValue)
        pumpLast()
        closeBelow()
    }

    /// Writes what the library has to say last.
    func pumpLast() {
        guard !isInside, phase != .closing, phase != .closed else { return }
        isInside = true
        var bytes: UnsafePointer<UInt8>?
        while stream.unsentByteCount <= 2 * ByteStreamLimits.lowWaterMark {
            let count = nghttp2_session_mem_send(raw, &bytes)
            guard count > 0, let bytes else { break }
            stream.write(UnsafeBufferPointer(start: bytes, count: count).span)
        }
        isInside = false
    }

    private func closeBelow() {
        drainTimer?.cancel()
        drainTimer = nil
        phase = .closing
        stream.close()
    }

    /// Closes once the library has nothing to read and nothing to write any more.
    private func endIfOver() {
        guard raw != nil, phase != .closing, phase != .closed, touched.isEmpty,
            nghttp2_session_want_read(raw) == 0, nghttp2_session_want_write(raw) == 0
        else { return }
        closeBelow()
    }

    // MARK: The streams

    /// Takes note of a request that has begun.
    func begin(_ id: Int32) -> HTTP2Stream {
        let begun = HTTP2Stream(id: id, session: self, now: stream.loop.now)
        begun.place = streams.count
        streams.append(begun)
        return begun
    }

    /// Takes note of a stream that the library has closed.
    func closed(_ stream: HTTP2Stream) {
        stream.isClosed = true
        if stream.unconsumed > 0 {
            nghttp2_session_consume_connection(raw, stream.unconsumed)
            stream.unconsumed = 0
        }
        let last = streams.removeLast()
        if last !== stream {
            streams[stream.place] = last
            last.place = stream.place
        }
        touch(stream)
    }

    func submitContinue(_ stream: HTTP2Stream) {
        guard raw != nil else { return }
        var fields = HTTP2FieldList()
        fields.begin(status: 100)
        withLibraryFields(fields) { list in
            _ = nghttp2_submit_headers(
                raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, list.baseAddress,
                list.count, nil)
        }
        runLater()
    }

    func submitResponse(_ stream: HTTP2Stream, _ fields: HTTP2FieldList, hasBody: Bool) {
        guard raw != nil else { return }
        let result = withLibraryFields(fields) { list in
            guard hasBody else {
                return nghttp2_submit_response(raw, stream.id, list.baseAddress, list.count, nil)
            }
            var provider = HTTP2Callbacks.bodyProvider
            return nghttp2_submit_response(
                raw, stream.id, list.baseAddress, list.count, &provider)
        }
        if result != 0 { submitReset(stream, .internalError) }
        runLater()
    }

    /// Calls `body` with the fields as the library takes them, which copies them.
    private func withLibraryFields<Result>(
        _ fields: HTTP2FieldList, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        fields.bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: fields.ends.count) {
                list in
                // The library's type is not constant; it only reads.
                let start = UnsafeMutablePointer(mutating: bytes.baseAddress)
                var position = 0
                var index = 0
                for end in fields.ends {
                    list.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: start.map { $0 + position }, value: start.map { $0 + end.name },
                            namelen: end.name - position, valuelen: end.value - end.name,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                    position = end.value
                    index += 1
                }
                return body(UnsafeBufferPointer(list))
            }
        }
    }

    func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard raw != nil, !stream.isClosed else { return }
        nghttp2_submit_rst_stream(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        runLater()
    }

    /// Tells the library that a stream has bytes, or has come to its end.
    func resume(_ stream: HTTP2Stream) {
        guard raw != nil, stream.isDeferred, !stream.isClosed else { return }
        stream.isDeferred = false
        nghttp2_session_resume_data(raw, stream.id)
        runLater()
    }
}

extension HTTP2ServerSession: ByteStreamReceiver {
    /// Takes bytes of the client.
    public func streamReceived(_ bytes: Span<UInt8>) {
        guard raw != nil, phase != .closing, phase != .closed, !bytes.isEmpty else { return }
        lastActivity = stream.loop.now
        idleFrames += watch.read(bytes)
        noteHead()
        isRunning = true
        isInside = true
        let used = bytes.withUnsafeBufferPointer {
            nghttp2_session_mem_recv(raw, $0.baseAddress, $0.count)
        }
        isInside = false
        if used < 0 {
            pumpLast()
            closeBelow()
            tell()
            isRunning = false
            return
        }
        goOnDraining()
        finishRun()
    }

    private func noteHead() {
        if !watch.isWithinHead {
            headBegan = nil
        } else if headBegan == nil {
            headBegan = lastActivity
        }
    }

    /// The socket has taken bytes.
    public func streamDrained() { run() }

    /// The client sends no more: it has left, for it could not even open its windows.
    public func streamEnded() {
        guard phase != .closing, phase != .closed else { return }
        closeBelow()
    }

    /// The connection is closed.
    public func streamClosed(_ reason: StreamCloseReason) {
        guard phase != .closed else { return }
        phase = .closed
        drainTimer?.cancel()
        drainTimer = nil
        isRunning = true
        for stream in streams {
            stream.isClosed = true
            stream.unconsumed = 0
            touch(stream)
        }
        streams = []
        tell()
        isRunning = false
        nghttp2_session_del(raw)
        raw = nil
        let handler = handler
        self.handler = nil
        handler?.sessionClosed(reason)
    }
}
