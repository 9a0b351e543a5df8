/// What the stream below says to a TLS stream.
///
/// Apart from the TLS stream, so that nobody else can say it.
final class TLSLowerReceiver: ByteStreamReceiver {
    private let stream: TLSStream

    init(_ stream: TLSStream) {
        self.stream = stream
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        switch stream.phase {
        case .handshaking: stream.takeHandshake(bytes)
        case .open: stream.takeCiphertext(bytes)
        case .closing, .closed: return
        }
    }

    func streamDrained() {
        stream.encrypt()
        stream.announceDrained()
    }

    func streamEnded() {
        stream.lowerHasEnded = true
        switch stream.phase {
        case .handshaking:
            stream.failHandshake(
                .tls(.failed("the peer ended the connection in the handshake")), with: .close)
        case .open: stream.deliver()
        case .closing, .closed: return
        }
    }

    func streamClosed(_ reason: StreamCloseReason) {
        stream.endLingering()
        switch stream.phase {
        case .handshaking:
            stream.lowerCloseReason = reason
            stream.failHandshake(Self.error(reason), with: .close)
        case .open, .closing: stream.takeLowerClose(reason)
        case .closed: stream.lowerCloseReason = reason
        }
    }

    private static func error(_ reason: StreamCloseReason) -> NetworkError {
        switch reason {
        case .system(let code, let reason): .system(code: code, reason: reason)
        case .tls(let failure): .tls(failure)
        case .reset: .tls(.failed("the peer reset the connection in the handshake"))
        case .closedHere, .ended, .truncated:
            .tls(.failed("the connection was closed in the handshake"))
        }
    }
}
