import RepriseNetwork
import Testing

/// A client, and a loop that a test moves.
struct PlayedClient {
    let loop = PlayedLoop()
    let client: HTTPClient
    static let origin = Origin(isSecure: false, host: "api.test", port: 80)

    init(configure: (inout HTTPClient.Configuration) -> Void = { _ in }) throws {
        let loop = loop
        loop.names["api.test"] = .success([try Self.address(1)])
        // TLS is played by a peer that sends the name that it was asked for.
        var configuration = HTTPClient.Configuration { stream, host, deadline, completion in
            PlayedHandshake(stream, host, completion)
        }
        configure(&configuration)
        client = HTTPClient(loop: loop, configuration: configuration)
    }

    static func address(_ number: UInt8, port: UInt16 = 0) throws -> SocketAddress {
        try #require(SocketAddress(bytes: [10, 0, 0, number], port: port))
    }

    static func address6(_ number: UInt8, port: UInt16 = 0) throws -> SocketAddress {
        let bytes = [UInt8](repeating: 0, count: 15) + [number]
        return try #require(SocketAddress(bytes: bytes, port: port))
    }

    /// The connections, in the order in which they were made.
    var streams: [PlayedStream] { loop.streams }

    /// Sends a request, and runs until nothing is due.
    @discardableResult
    func send(
        _ method: String = "POST", _ target: String = "/",
        fields: [(name: [UInt8], value: [UInt8])] = [], body: ClientRequest.Body = .none,
        to origin: Origin = Self.origin
    ) -> PlayedCall {
        let handler = PlayedCall()
        loop.turn {
            handler.call = client.send(
                ClientRequest(
                    origin: origin, method: Array(method.utf8), target: Array(target.utf8),
                    fields: fields, body: body),
                handler: handler)
            #expect(handler.outcome == nil && !handler.isWanted)
        }
        return handler
    }

    /// Sends a request that is answered, so that its connection is free.
    func warmUp() -> PlayedStream? {
        let call = send("GET")
        let stream = streams.last
        stream?.send(Self.ok)
        #expect(call.outcome == .ended(.framed))
        return stream
    }

    static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
}

/// What came of a call.
final class PlayedCall: ClientResponseHandler {
    enum Outcome: Equatable {
        case ended(ResponseEnd)
        case failed(ClientError)
    }

    var call: ClientCall?
    private(set) var head: HTTP1ResponseHead?
    private(set) var body = ""
    private(set) var outcome: Outcome?
    private(set) var isWanted = false
    private(set) var drainCount = 0
    var onHead: () -> Void = {}
    var onBody: () -> Void = {}
    var onEnd: () -> Void = {}

    func responseHead(_ head: HTTP1ResponseHead) {
        #expect(self.head == nil && outcome == nil)
        self.head = head
        onHead()
    }

    func responseBody(_ bytes: Span<UInt8>) {
        #expect(head != nil && outcome == nil)
        for index in bytes.indices { body.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        onBody()
    }

    func responseEnded(_ end: ResponseEnd) {
        #expect(outcome == nil)
        outcome = .ended(end)
        onEnd()
    }

    func callFailed(_ error: ClientError) {
        #expect(outcome == nil)
        outcome = .failed(error)
        onEnd()
    }

    func requestBodyWanted() { isWanted = true }

    func requestBodyDrained() { drainCount += 1 }
}

/// A handshake whose peer answers with one byte: `y`, or anything else for a failure.
final class PlayedHandshake: LoopAttempt, ByteStreamReceiver {
    private let stream: any ByteStream
    private var completion: ((Result<any ByteStream, NetworkError>) -> Void)?

    init(
        _ stream: any ByteStream, _ host: String,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) {
        self.stream = stream
        self.completion = completion
        stream.receiver = self
        stream.write(keeping: Array("<hello \(host)>".utf8))
    }

    func cancel() {
        guard completion != nil else { return }
        completion = nil
        stream.abort()
    }

    private func fail(_ failure: TLSFailure) {
        let completion = completion
        cancel()
        completion?(.failure(.tls(failure)))
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        guard bytes[0] == UInt8(ascii: "y") else { return fail(.wrongHost) }
        let completion = completion
        self.completion = nil
        stream.loop.afterThisTurn { completion?(.success(self.stream)) }
    }

    func streamDrained() {}
    func streamEnded() { fail(.notTLS) }
    func streamClosed(_ reason: StreamCloseReason) { fail(.notTLS) }
}
