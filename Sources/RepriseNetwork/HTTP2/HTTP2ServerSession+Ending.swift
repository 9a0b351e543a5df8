internal import CNghttp2

extension HTTP2ServerSession {
    /// How long a client may take to hear that the end is near before it is acted on.
    private static let noticeTime = Duration.seconds(1)

    /// Takes no more requests, and closes behind those under way.
    ///
    /// In two steps, so that no request is lost that is on its way (RFC 9113 §6.8): first a GOAWAY
    /// that allows all, then, after a round trip, one that names the last request that was taken.
    public func drain() {
        guard raw != nil, phase == .open else { return }
        phase = .noticed
        nghttp2_submit_shutdown_notice(raw)
        nghttp2_submit_ping(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        drainTimer = stream.loop.schedule(after: Self.noticeTime) { [self] in refuseMore() }
        runLater()
    }

    /// Goes on once the client has answered.
    func goOnDraining() {
        guard hasPong else { return }
        hasPong = false
        if phase == .noticed { refuseMore() }
    }

    private func refuseMore() {
        guard raw != nil, phase == .noticed else { return }
        phase = .refusing
        drainTimer?.cancel()
        drainTimer = nil
        nghttp2_submit_goaway(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(raw),
            HTTP2ErrorCode.noError.rawValue, nil, 0)
        runLater()
    }

    /// Ends what is under way as a cut, and the connection.
    public func cut() {
        guard raw != nil else { return }
        for stream in streams { submitReset(stream, .internalError) }
        // The GOAWAY would overtake them.
        pumpLast()
        fail(.internalError)
    }

    /// How long nothing has happened; nil while a request is under way.
    public func idleTime(_ now: MonotonicTime) -> Duration? {
        streams.isEmpty && headBegan == nil ? now - lastActivity : nil
    }

    /// Looks whether a deadline has passed.
    public func check(_ now: MonotonicTime) {
        guard raw != nil, phase != .closing, phase != .closed else { return }
        let sent = stream.sentByteCount
        if sent != lastSent {
            lastSent = sent
            lastActivity = now
        } else if stream.unsentByteCount > 0, now - lastActivity > limits.idleTimeout {
            return stream.abort()
        }
        if let headBegan, now - headBegan > limits.headTimeout { return fail(.noError) }
        if streams.isEmpty {
            if now - lastActivity > limits.idleTimeout { drain() }
            return
        }
        for stream in streams
        where stream.waitsForClient && now - stream.lastProgress > limits.idleTimeout {
            stream.reset(.cancel)
        }
    }
}
