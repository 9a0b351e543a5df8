import RepriseNetwork
import RepriseStorage

/// One client's HTTP/2 connection: gives each of its streams an ``HTTP2Exchange``.
final class HTTP2Connection: ServerConnection {
    private let server: ServerLoop
    let session: HTTP2ServerSession
    var place = 0

    init(_ server: ServerLoop, _ stream: any ByteStream) {
        self.server = server
        session = HTTP2ServerSession(stream, limits: server.http2Limits)
        session.handler = self
    }

    func check(_ now: MonotonicTime) { session.check(now) }

    func drain() { session.drain() }

    func cutNow() { session.cut() }

    func idleTime(_ now: MonotonicTime) -> Duration? { session.idleTime(now) }
}

extension HTTP2Connection: HTTP2SessionHandler {
    func requestBegan(_ stream: HTTP2Stream) {
        var fingerprint: RequestFingerprint?
        if stream.isRequestComplete, !stream.isHeadTooLarge,
            server.fastPath.answers(stream, body: stream.waitingBody.span, &fingerprint)
        {
            return
        }
        HTTP2Exchange(server, stream, fingerprint).begin()
    }

    func sessionClosed(_ reason: StreamCloseReason) { server.closed(self) }
}
