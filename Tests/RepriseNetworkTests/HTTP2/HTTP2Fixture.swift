import RepriseNetwork
import RepriseTesting

/// A server session whose client a test plays frame by frame.
final class HTTP2Fixture {
    let loop = PlayedLoop()
    private(set) var stream: PlayedStream
    private(set) var session: HTTP2ServerSession?
    let server = Server()
    private var seen = 0
    private let decoder = HTTP2FieldDecoder()

    /// What the session's handler hears.
    final class Server: HTTP2SessionHandler {
        var requests: [Request] = []
        var closed: StreamCloseReason?
        /// What is done with a request as it begins.
        var onRequest: (Request) -> Void = { $0.stream.receiveBody() }

        func requestBegan(_ stream: HTTP2Stream) {
            let request = Request(stream)
            requests.append(request)
            stream.handler = request
            onRequest(request)
        }

        func sessionClosed(_ reason: StreamCloseReason) { closed = reason }
    }

    /// What a stream's handler hears.
    final class Request: HTTP2StreamHandler {
        let stream: HTTP2Stream
        let head: HTTP2RequestHead?
        var body: [UInt8] = []
        var hasEnded = false
        var drainedCount = 0
        var isClosed = false
        var onEnd: (Request) -> Void = { _ in }
        var onDrained: (Request) -> Void = { _ in }

        init(_ stream: HTTP2Stream) {
            self.stream = stream
            head = stream.head
        }

        var text: String { String(decoding: body, as: UTF8.self) }
        var fields: [String] {
            guard let head else { return [] }
            return (0..<head.fields.count).map {
                let name = String(decoding: head.fields.name($0), as: UTF8.self)
                return "\(name): \(String(decoding: head.fields.value($0), as: UTF8.self))"
            }
        }

        func bodyReceived(_ bytes: Span<UInt8>) {
            for index in bytes.indices { body.append(bytes[index]) }
        }
        func requestEnded() {
            hasEnded = true
            onEnd(self)
        }
        func responseDrained() {
            drainedCount += 1
            onDrained(self)
        }
        func streamClosed() { isClosed = true }

        func respond(_ text: String, status: Int = 200) {
            stream.respond(HTTP2Fixture.fields(status), body: Array(text.utf8))
        }
    }

    init(window: Int = .max, limits: HTTP2Limits = HTTP2Limits()) {
        loop.window = window
        var accepted: PlayedStream?
        _ = loop.connect(to: .loopback(1)) { result in
            if case .success(let stream as PlayedStream) = result { accepted = stream }
        }
        loop.turn()
        guard let accepted else { preconditionFailure("the loop accepts every connection") }
        stream = accepted
        loop.turn {
            session = HTTP2ServerSession(accepted, limits: limits)
            session?.handler = server
        }
    }

    static func fields(_ status: Int, _ more: [(String, String)] = []) -> HTTP2FieldList {
        var list = HTTP2FieldList()
        list.begin(status: status)
        for (name, value) in more {
            list.append(name: Array(name.utf8).span, value: Array(value.utf8).span)
        }
        return list
    }

    static let get = [
        (":method", "GET"), (":scheme", "http"), (":path", "/a"), (":authority", "host"),
    ]
    static let post = [
        (":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "host"),
    ]

    /// Sends the preface and settings, and agrees to the server's.
    func open(_ settings: [(UInt16, UInt32)] = []) {
        stream.send(
            HTTP2Frame.preface + HTTP2Frame.settings(settings).bytes
                + HTTP2Frame(.settings, flags: HTTP2Frame.ack).bytes)
        _ = news()
    }

    /// Sends frames in one piece.
    func send(_ frames: HTTP2Frame...) { stream.send(frames.flatMap(\.bytes)) }

    /// The frames that came since the last look.
    func news() -> [HTTP2Frame] {
        let frames = HTTP2Frame.read(stream.taken)
        defer { seen = frames.count }
        return Array(frames[seen...])
    }

    /// The frames as words: heads decoded, the rest as they are.
    func words() -> [String] {
        news().map { frame in
            switch frame.kind {
            case .headers:
                "\(frame.stream) \(decoder.fields(frame.payload))"
                    + (frame.flags & HTTP2Frame.endStream != 0 ? " end" : "")
            case .data:
                "\(frame.stream) \"\(String(decoding: frame.payload, as: UTF8.self))\""
                    + (frame.flags & HTTP2Frame.endStream != 0 ? " end" : "")
            case .reset: "\(frame.stream) reset \(frame.code ?? 0)"
            case .goAway: "goaway \(frame.number) \(frame.code ?? 0)"
            case .window: "\(frame.stream) window \(frame.number)"
            case .settings: frame.flags & HTTP2Frame.ack != 0 ? "settings ack" : "settings"
            case .ping: frame.flags & HTTP2Frame.ack != 0 ? "ping ack" : "ping"
            default: "\(frame)"
            }
        }
    }

    /// Lets go of the session, as its owner would.
    func forgetSession() -> () -> Bool {
        weak let weakly = session
        session = nil
        return { weakly == nil }
    }
}

extension SocketAddress {
    fileprivate static func loopback(_ port: UInt16) -> SocketAddress {
        guard let address = SocketAddress(host: "127.0.0.1", port: port) else {
            preconditionFailure("an address was written here")
        }
        return address
    }
}
