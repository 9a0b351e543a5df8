/// A request to a proxy for a tunnel to an origin (`CONNECT`, RFC 9110 §9.3.6).
final class ProxyTunnel: LoopAttempt {
    typealias Completion = (Result<any ByteStream, NetworkError>) -> Void

    private let stream: any ByteStream
    private var parser: HTTP1ResponseParser
    private var completion: Completion?

    /// Asks for a tunnel.
    ///
    /// - Parameters:
    ///   - stream: A connection to the proxy; closed when the tunnel is not made.
    ///   - completion: Called once, in a later turn, with the same stream.
    init(
        to origin: Origin, through proxy: ProxyServer, over stream: any ByteStream,
        _ completion: @escaping Completion
    ) {
        self.stream = stream
        self.completion = completion
        var limits = HTTP1Limits()
        limits.headBytes = 16 << 10
        parser = HTTP1ResponseParser(limits: limits, to: .connect)
        var text: [UInt8] = []
        let target = Array(origin.hostAndPort.utf8)
        HTTP1MessageWriter.appendRequestLine(
            method: Array("CONNECT".utf8), target: target, to: &text)
        HTTP1MessageWriter.appendField("host", value: target.span, to: &text)
        if let authorization = proxy.authorization {
            HTTP1MessageWriter.appendField(
                "proxy-authorization", value: authorization.span, to: &text)
        }
        HTTP1MessageWriter.appendHeadEnd(to: &text)
        stream.receiver = self
        stream.write(keeping: text)
    }

    func cancel() {
        guard completion != nil else { return }
        completion = nil
        stream.abort()
    }

    private func fail(_ error: NetworkError) {
        let completion = completion
        cancel()
        completion?(.failure(error))
    }

    private static func failure(_ reason: String) -> NetworkError {
        .system(code: 0, reason: reason)
    }
}

extension ProxyTunnel: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        guard completion != nil else { return }
        var position = 0
        do throws(HTTP1Error) {
            guard case .head(let head) = try parser.next(bytes, from: &position) else { return }
            guard 200..<300 ~= head.status else { return fail(.proxyRefused(status: head.status)) }
        } catch {
            return fail(Self.failure("the proxy does not answer in HTTP"))
        }
        // What stands behind the head comes from the origin, which says nothing before TLS begins.
        guard position == bytes.count else { return fail(.tls(.notTLS)) }
        stream.pauseReading()
        // The stream gets another receiver once this delivery is over.
        stream.loop.afterThisTurn {
            guard let completion = self.completion else { return }
            self.completion = nil
            completion(.success(self.stream))
            self.stream.resumeReading()
        }
    }

    func streamDrained() {}

    func streamEnded() { fail(Self.failure("the proxy closed the connection")) }

    func streamClosed(_ reason: StreamCloseReason) {
        fail(Self.failure("the proxy closed the connection"))
    }
}
