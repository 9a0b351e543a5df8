import RepriseNetwork

/// A connection in clear text whose first bytes are still to say which HTTP it speaks: the preface of
/// HTTP/2 (RFC 9113 §3.3), or anything else.
final class ConnectionOpening: ServerConnection {
    private let server: ServerLoop
    private let stream: any ByteStream
    /// What has come: the beginning of the preface.
    private var start: [UInt8] = []
    private var lastProgress: MonotonicTime
    var place = 0

    init(_ server: ServerLoop, _ stream: any ByteStream) {
        self.server = server
        self.stream = stream
        lastProgress = server.loop.now
        stream.receiver = self
    }

    /// Hands the connection over, with what has come.
    private func handOver(_ bytes: Span<UInt8>) {
        switch HTTP2Preface.match(bytes) {
        case .yes:
            let connection = HTTP2Connection(server, stream)
            server.replace(self, with: connection)
            connection.session.streamReceived(bytes)
        case .no, .maybe:
            beginHTTP1(bytes)
        }
    }

    @discardableResult
    private func beginHTTP1(_ bytes: Span<UInt8>) -> HTTP1Connection {
        let connection = HTTP1Connection(server, stream)
        server.replace(self, with: connection)
        connection.begin(with: bytes, since: lastProgress)
        return connection
    }

    func check(_ now: MonotonicTime) {
        let waited = now - lastProgress
        if start.isEmpty {
            if waited > server.configuration.idleTimeout { stream.close() }
        } else if waited > server.configuration.headerTimeout {
            // What begins a preface begins a method too, and there is an answer for that.
            let opening = start
            handOver(opening.span)
        }
    }

    func drain() { stream.close() }

    func cutNow() { stream.abort() }

    func idleTime(_ now: MonotonicTime) -> Duration? { now - lastProgress }
}

extension ConnectionOpening: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        if start.isEmpty {
            lastProgress = server.loop.now
            guard HTTP2Preface.match(bytes) == .maybe else { return handOver(bytes) }
        }
        bytes.withUnsafeBufferPointer { start.append(contentsOf: $0) }
        let opening = start
        guard HTTP2Preface.match(opening.span) != .maybe else { return }
        handOver(opening.span)
    }

    func streamDrained() {}

    func streamEnded() {
        guard !start.isEmpty else { return stream.close() }
        let opening = start
        beginHTTP1(opening.span).streamEnded()
    }

    func streamClosed(_ reason: StreamCloseReason) { server.closed(self) }
}
