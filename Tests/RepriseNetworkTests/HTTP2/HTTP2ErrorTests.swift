import RepriseNetwork
import RepriseTesting
import Testing

/// What breaks the protocol: who pays for it, a stream or the connection. The cases are those of
/// h2spec's lists, as far as a server sees them.
struct HTTP2ErrorTests {
    private typealias Fixture = HTTP2Fixture

    private static let get = HTTP2Fixture.get
    private static let post = HTTP2Fixture.post

    /// A case: frames on a connection that was opened, and how it comes out.
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var frames: [HTTP2Frame]
        /// The error code.
        var code: UInt32

        init(_ name: String, _ code: UInt32, _ frames: HTTP2Frame...) {
            testDescription = name
            self.frames = frames
            self.code = code
        }
    }

    private static func without(_ name: String) -> [(String, String)] {
        get.filter { $0.0 != name }
    }

    /// Errors of a stream (RFC 9113 §5.4.2).
    static let ofStreams: [Case] = [
        Case("6.9.1: a window that overflows", 3, .headers(post), .window(0x7FFF_FFFF, stream: 1)),
        Case("8.1: trailers without an end", 1, .headers(post), .headers([("x", "y")])),
        Case(
            "8.1.1: less than content-length", 1, .headers(post + [("content-length", "3")]),
            .data("ab", ends: true)),
        Case(
            "8.1.1: more than content-length", 1, .headers(post + [("content-length", "1")]),
            .data("ab")),
        Case(
            "8.1.1: content-length and no body", 1,
            .headers(post + [("content-length", "1")], ends: true)),
        Case(
            "8.1.1: two content-lengths", 1,
            .headers(post + [("content-length", "1"), ("content-length", "2")])),
        Case(
            "8.1.1: a content-length that is no number", 1,
            .headers(post + [("content-length", "x")])),
        Case(
            "8.1.1: a content-length that overflows", 1,
            .headers(post + [("content-length", "99999999999999999999")])),
        Case("8.2: an upper-case name", 1, .headers(get + [("X-Test", "y")], ends: true)),
        Case("8.2.1: a blank in a name", 1, .headers(get + [("x y", "z")], ends: true)),
        Case("8.2.1: a line end in a value", 1, .headers(get + [("x", "a\r\nb: c")], ends: true)),
        Case("8.2.1: a NUL in a value", 1, .headers(get + [("x", "a\u{0}b")], ends: true)),
        Case("8.2.1: a blank before a value", 1, .headers(get + [("x", " a")], ends: true)),
        Case("8.2.1: a blank behind a value", 1, .headers(get + [("x", "a ")], ends: true)),
        Case("8.2.2: connection", 1, .headers(get + [("connection", "close")], ends: true)),
        Case(
            "8.2.2: transfer-encoding", 1,
            .headers(get + [("transfer-encoding", "chunked")], ends: true)),
        Case("8.2.2: te", 1, .headers(get + [("te", "gzip")], ends: true)),
        Case("8.3: an unknown pseudo field", 1, .headers(get + [(":x", "y")], ends: true)),
        Case("8.3: a response's pseudo field", 1, .headers(get + [(":status", "200")], ends: true)),
        Case("8.3: a pseudo field behind others", 1, .headers([("x", "y")] + get, ends: true)),
        Case(
            "8.3: a pseudo field in trailers", 1, .headers(post),
            .headers([(":method", "GET")], ends: true)),
        Case("8.3.1: an empty path", 1, .headers(without(":path") + [(":path", "")], ends: true)),
        Case("8.3.1: no path", 1, .headers(without(":path"), ends: true)),
        Case("8.3.1: no method", 1, .headers(without(":method"), ends: true)),
        Case("8.3.1: no scheme", 1, .headers(without(":scheme"), ends: true)),
        Case("8.3.1: no host", 1, .headers(without(":authority"), ends: true)),
        Case("8.3.1: two paths", 1, .headers(get + [(":path", "/b")], ends: true)),
        Case("8.3.1: two methods", 1, .headers(get + [(":method", "GET")], ends: true)),
        Case(
            "a field of trailers with bad bytes", 1, .headers(post),
            .headers([("x", "a\u{0}")], ends: true)),
    ]

    @Test(arguments: ofStreams)
    func anErrorOfAStreamIsThatStreamsAlone(_ one: Case) {
        let fixture = Fixture()
        fixture.open()
        fixture.stream.send(one.frames.flatMap(\.bytes))
        let news = fixture.news()
        #expect(news.filter { $0.kind == .goAway } == [])
        #expect(news.first { $0.kind == .reset }?.code == one.code, "\(news)")
        #expect(fixture.server.requests.allSatisfy { !$0.hasEnded && $0.isClosed })
        // Others are served.
        fixture.server.onRequest = { $0.respond("fine") }
        fixture.send(.headers(Self.get, stream: 9, ends: true))
        #expect(fixture.words().contains { $0.contains(#"9 "fine" end"#) })
        #expect(fixture.stream.closing == nil)
    }

    /// Errors of a connection (RFC 9113 §5.4.1).
    static let ofConnections: [Case] = [
        Case(
            "4.2: a frame that is too long", 6,
            HTTP2Frame(.data, stream: 1, payload: Array(repeating: 0, count: 16_385))),
        Case(
            "4.3: a head that cannot be decoded", 9,
            HTTP2Frame(.headers, flags: 5, stream: 1, payload: [0x80])),
        Case(
            "4.3: a size of the table beyond the bound", 9,
            HTTP2Frame(.headers, flags: 5, stream: 1, payload: [0x3F, 0xE2, 0x1F, 0x82])),
        Case(
            "4.3: another frame within a head", 1, HTTP2Frame(.headers, stream: 1, payload: [0x82]),
            HTTP2Frame(.ping, payload: Array(repeating: 0, count: 8))),
        Case(
            "4.3: a head of another stream within a head", 1,
            HTTP2Frame(.headers, stream: 1, payload: [0x82]), .headers(get, stream: 3)),
        Case("5.1: DATA on a stream that is idle", 1, .data("x")),
        Case("5.1: RST_STREAM on a stream that is idle", 1, .reset(1)),
        Case("5.1: WINDOW_UPDATE on a stream that is idle", 1, .window(1, stream: 1)),
        Case(
            "5.1: CONTINUATION on a stream that is idle", 1,
            HTTP2Frame(.continuation, flags: 4, stream: 1, payload: [0x82])),
        Case("5.1.1: a stream with an even number", 1, .headers(get, stream: 2, ends: true)),
        Case("6.1: DATA on stream 0", 1, .data("x", stream: 0)),
        Case(
            "6.1: padding longer than the frame", 1, .headers(post),
            HTTP2Frame(.data, flags: 8, stream: 1, payload: [9, 1])),
        Case("6.2: HEADERS on stream 0", 1, .headers(get, stream: 0)),
        Case("6.4: RST_STREAM on stream 0", 1, .reset(0)),
        Case(
            "6.4: RST_STREAM of another length", 6, .headers(post),
            HTTP2Frame(.reset, stream: 1, payload: [0, 0, 1])),
        Case(
            "6.5: SETTINGS ACK with a payload", 6,
            HTTP2Frame(.settings, flags: 1, payload: [0, 3, 0, 0, 0, 1])),
        Case("6.5: SETTINGS on a stream", 1, HTTP2Frame(.settings, stream: 1)),
        Case("6.5: SETTINGS of another length", 6, HTTP2Frame(.settings, payload: [0, 3, 0])),
        Case("6.5.2: push that is neither on nor off", 1, .settings([(2, 2)])),
        Case("6.5.2: an initial window beyond the bound", 3, .settings([(4, 0x8000_0000)])),
        Case("6.5.2: a frame size below the bound", 1, .settings([(5, 100)])),
        Case("6.5.2: a frame size beyond the bound", 1, .settings([(5, 1 << 24)])),
        Case(
            "6.6: PUSH_PROMISE of a client", 1, .headers(post),
            HTTP2Frame(.push, flags: 4, stream: 1, payload: [0, 0, 0, 2, 0x82])),
        Case(
            "6.7: PING on a stream", 1,
            HTTP2Frame(.ping, stream: 1, payload: Array(repeating: 0, count: 8))),
        Case("6.7: PING of another length", 6, HTTP2Frame(.ping, payload: [0])),
        Case(
            "6.8: GOAWAY on a stream", 1,
            HTTP2Frame(.goAway, stream: 1, payload: Array(repeating: 0, count: 8))),
        Case("6.9: a window of nothing", 1, .window(0)),
        // The library is stricter than it would have to be.
        Case("6.9: a stream's window of nothing", 1, .headers(post), .window(0, stream: 1)),
        Case("6.9: WINDOW_UPDATE of another length", 6, HTTP2Frame(.window, payload: [0, 0, 1])),
        Case("6.9.1: a window that overflows", 3, .window(0x7FFF_FFFF)),
    ]

    @Test(arguments: ofConnections)
    func anErrorOfTheConnectionEndsIt(_ one: Case) {
        let fixture = Fixture()
        fixture.open()
        fixture.stream.send(one.frames.flatMap(\.bytes))
        #expect(fixture.news().first { $0.kind == .goAway }?.code == one.code)
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.server.requests.allSatisfy { $0.isClosed })
        #expect(fixture.server.closed == .closedHere)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", "\u{16}\u{3}\u{1}",
    ])
    func whatDoesNotBeginWithThePrefaceIsNotServed(_ start: String) {
        let fixture = Fixture()
        fixture.stream.send(start)
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.server.closed == .closedHere)
    }

    @Test func whatIsUnknownIsReadOver() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.respond("fine") }
        fixture.send(
            HTTP2Frame(
                type: 0x16, flags: 0xFF, stream: 5, payload: Array(repeating: 9, count: 100)),
            .settings([(0xFF, 7)]),
            HTTP2Frame(.ping, flags: 0xFE & ~HTTP2Frame.ack, payload: Array(0..<8)),
            HTTP2Frame(.priority, stream: 1, payload: [0, 0, 0, 3, 1]),
            .headers(Self.get, ends: true))
        #expect(
            fixture.words() == [
                "settings ack", "ping ack", #"1 [":status: 200"]"#, #"1 "fine" end"#,
            ])
    }

    @Test func aHeadThatIsTooLargeIsSaidToBe() {
        let fixture = Fixture()
        fixture.open()
        var isTooLarge: [Bool] = []
        fixture.server.onRequest = { request in
            isTooLarge.append(request.stream.isHeadTooLarge)
            request.respond("", status: request.stream.isHeadTooLarge ? 431 : 200)
        }
        func head(_ count: Int, _ stream: UInt32) -> [UInt8] {
            // Four frames: one field in each.
            let text = String(repeating: "v", count: count / 4)
            let fields = Fixture.get + (0..<4).map { ("x\($0)", text) }
            let block = HTTP2Frame.block(fields)
            var frames: [HTTP2Frame] = []
            var rest = block[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(16_000))
                rest = rest.dropFirst(piece.count)
                frames.append(
                    frames.isEmpty
                        ? HTTP2Frame(
                            .headers, flags: HTTP2Frame.endStream, stream: stream, payload: piece)
                        : HTTP2Frame(.continuation, stream: stream, payload: piece))
            }
            frames[frames.count - 1].flags |= HTTP2Frame.endHeaders
            return frames.flatMap(\.bytes)
        }
        fixture.stream.send(head(64_000, 1))
        fixture.stream.send(head(66_000, 3))
        fixture.stream.send(head(100_000, 5))
        #expect(isTooLarge == [false, true, true])
        fixture.send(
            .headers(Fixture.get + (0..<252).map { ("x\($0)", "") }, stream: 7, ends: true))
        fixture.send(
            .headers(Fixture.get + (0..<253).map { ("x\($0)", "") }, stream: 9, ends: true))
        #expect(isTooLarge.suffix(2) == [false, true])
        #expect(fixture.stream.closing == nil)
    }

    @Test func aFieldOfMoreThan64KiBEndsTheConnection() {
        let fixture = Fixture()
        fixture.open()
        let block = HTTP2Frame.block(Self.get + [("x", String(repeating: "v", count: 65_537))])
        var frames = stride(from: 0, to: block.count, by: 16_000).map {
            HTTP2Frame(
                $0 == 0 ? .headers : .continuation, stream: 1,
                payload: Array(block[$0..<min($0 + 16_000, block.count)]))
        }
        frames[frames.count - 1].flags = HTTP2Frame.endHeaders
        fixture.stream.send(frames.flatMap(\.bytes))
        #expect(fixture.news().map(\.kind) == [.goAway])
        #expect(fixture.stream.closing == .closed)
    }

    @Test func moreStreamsThanAllowedAreRefusedBeforeTheClientKnows() {
        let fixture = Fixture()
        fixture.stream.send(HTTP2Frame.preface + HTTP2Frame.settings().bytes)
        for index in 0...100 {
            fixture.send(.headers(Self.get, stream: UInt32(2 * index + 1), ends: true))
        }
        #expect(fixture.server.requests.count == 100)
        #expect(fixture.words().last == "201 reset 7")
        #expect(fixture.stream.closing == nil)
    }

    @Test func aStreamThatIsResetAtOnceIsNoRequest() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(Self.get, ends: true), .reset(1))
        #expect(fixture.server.requests.isEmpty)
        fixture.send(.headers(Self.get, stream: 3, ends: true))
        fixture.send(.reset(3))
        #expect(fixture.server.requests.map(\.isClosed) == [true])
        #expect(fixture.session?.streamCount == 0)
    }
}
