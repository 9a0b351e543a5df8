import RepriseTesting
import Testing

/// A client of HTTP/2 on a simulated connection, which speaks in frames.
final class HTTP2Client {
    /// What came of one stream.
    struct Answer: Equatable {
        var fields: [String] = []
        var body: [UInt8] = []
        var isWhole = false
        /// The code of a reset.
        var reset: UInt32?

        var status: String? { self[":status"] }
        var text: String { String(decoding: body, as: UTF8.self) }
        var isOver: Bool { isWhole || reset != nil }

        /// The value of the first field with a name.
        subscript(name: String) -> String? {
            fields.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    let server: SimulatedServer
    let peer: ScriptedPeer
    private let decoder = HTTP2FieldDecoder()
    private var decoded = 0
    private var answers: [UInt32: Answer] = [:]
    /// The code and the last stream of each GOAWAY.
    private(set) var goodbyes: [HTTP2Frame] = []
    private var nextStream: UInt32 = 1

    /// Connects and begins to speak.
    init(_ server: SimulatedServer, settings: [(UInt16, UInt32)] = []) {
        self.server = server
        peer = server.connect()
        peer.add([.send(HTTP2Frame.preface + HTTP2Frame.settings(settings).bytes)])
    }

    /// The head of a request for a completion.
    static func head(
        _ path: String = "/v1/chat/completions", _ method: String = "POST",
        _ more: [(String, String)] = [("content-type", "application/json")]
    ) -> [(String, String)] {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "reprise")]
            + more
    }

    /// An identifier for another stream.
    func makeStream() -> UInt32 {
        defer { nextStream += 2 }
        return nextStream
    }

    /// Sends frames in one piece.
    func send(_ frames: HTTP2Frame...) { peer.add([.send(frames.flatMap(\.bytes))]) }

    /// Sends a request, head and body in pieces of their own or in one.
    @discardableResult
    func request(
        _ head: [(String, String)], _ body: String = "", inOnePiece: Bool = true
    ) -> UInt32 {
        let id = makeStream()
        let first = HTTP2Frame.headers(head, stream: id, ends: body.isEmpty)
        let second = body.isEmpty ? [] : HTTP2Frame.data(body, stream: id, ends: true).bytes
        if inOnePiece {
            peer.add([.send(first.bytes + second)])
        } else {
            peer.add([.send(first.bytes), .wait(.milliseconds(1)), .send(second)])
        }
        return id
    }

    /// What has come of a stream.
    func answer(_ id: UInt32) -> Answer {
        let frames = HTTP2Frame.read(peer.received)
        for frame in frames[decoded...] { take(frame) }
        decoded = frames.count
        return answers[id] ?? Answer()
    }

    /// Waits for the end of a stream.
    func wait(for id: UInt32) throws -> Answer {
        let isOver = server.world.run(limit: .seconds(120)) {
            answer(id).isOver || peer.isOver
        }
        try #require(isOver && answer(id).isOver, "\(answer(id)) \(goodbyes)")
        return answer(id)
    }

    /// Sends a request and waits for what comes of it.
    func ask(
        _ head: [(String, String)], _ body: String = "", inOnePiece: Bool = true
    ) throws -> Answer {
        try wait(for: request(head, body, inOnePiece: inOnePiece))
    }

    private func take(_ frame: HTTP2Frame) {
        switch frame.kind {
        case .headers:
            let fields = decoder.fields(frame.payload)
            // A head that is not final is followed by another one.
            answers[frame.stream, default: Answer()].fields = fields
        case .data:
            answers[frame.stream, default: Answer()].body += frame.payload
        case .reset:
            answers[frame.stream, default: Answer()].reset = frame.code
        case .goAway:
            goodbyes.append(frame)
        default:
            break
        }
        if frame.kind == .headers || frame.kind == .data,
            frame.flags & HTTP2Frame.endStream != 0
        {
            answers[frame.stream]?.isWhole = true
        }
    }
}
