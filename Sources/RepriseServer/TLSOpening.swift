import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy

/// A connection of a TLS port whose handshake is under way.
final class TLSOpening: ServerConnection {
    private let server: ServerLoop
    private var handshake: (any LoopAttempt)?
    var place = 0

    init(_ server: ServerLoop) {
        self.server = server
    }

    /// Begins the handshake; the server's list holds this connection meanwhile.
    func begin(_ stream: any ByteStream, _ context: TLSContext) {
        handshake = TLSStream.accept(
            over: stream, context: context,
            deadline: server.loop.now + server.configuration.handshakeTimeout
        ) { [self] in
            handshake = nil
            complete($0)
        }
    }

    private func complete(_ outcome: TLSAcceptance) {
        switch outcome {
        case .stream(let stream):
            let connection: any ServerConnection =
                switch stream.applicationProtocol {
                case "h2": HTTP2Connection(server, stream)
                case "http/1.1": HTTP1Connection(server, stream)
                default: ConnectionOpening(server, stream)
                }
            server.replace(self, with: connection)
        case .plaintext(let stream, _):
            server.closed(self)
            refuse(stream)
        case .failed(let error):
            server.closed(self)
            // Whoever looks whether the port is open causes one.
            server.proxy.proxy.logger.log(
                .debug, "A TLS handshake failed.", [LogField("error", .text("\(error)"))])
        }
    }

    /// Says in clear text what this port speaks, and closes.
    private func refuse(_ stream: any ByteStream) {
        let error = ProxyError.plaintextOnTLSPort
        let response = error.response()
        guard case .bytes(let body) = response.body else { return stream.close() }
        var head: [UInt8] = []
        ResponseHeadWriter.append(
            response.head, .length(body.count), minorVersion: 1, date: server.date,
            connection: "close", to: &head)
        stream.write(head.span)
        stream.write(keeping: body)
        stream.close()
        var record = ExchangeRecord()
        record.outcome = .error
        record.reason = error.code
        record.status = error.status
        server.log(record, RequestLine(method: [], target: [], begun: server.loop.now))
    }

    func check(_ now: MonotonicTime) {
        // The handshake has a deadline of its own.
    }

    func drain() { cutNow() }

    func cutNow() {
        handshake?.cancel()
        handshake = nil
        server.closed(self)
    }

    func idleTime(_ now: MonotonicTime) -> Duration? { nil }
}
