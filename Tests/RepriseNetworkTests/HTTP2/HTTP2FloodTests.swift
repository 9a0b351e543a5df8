import RepriseNetwork
import RepriseTesting
import Testing

/// Work that costs the client nothing: it is bounded.
struct HTTP2FloodTests {
    private typealias Fixture = HTTP2Fixture

    /// A kind of flood.
    struct Flood: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The frames of one wave.
        var wave: @Sendable (_ number: UInt32) -> [HTTP2Frame]

        init(_ name: String, _ wave: @escaping @Sendable (UInt32) -> [HTTP2Frame]) {
            testDescription = name
            self.wave = wave
        }
    }

    static let floods: [Flood] = [
        Flood("pings") { _ in [HTTP2Frame(.ping, payload: Array(repeating: 0, count: 8))] },
        Flood("settings") { _ in [.settings()] },
        Flood("empty DATA") { number in
            (number == 0 ? [.headers(HTTP2Fixture.post)] : []) + [.data("")]
        },
        Flood("DATA of padding alone") { number in
            (number == 0 ? [.headers(HTTP2Fixture.post)] : [])
                + [HTTP2Frame(.data, flags: HTTP2Frame.padded, stream: 1, payload: [2, 0, 0])]
        },
        Flood("empty DATA of streams that are over") { number in
            number == 0 ? [.headers(HTTP2Fixture.post), .reset(1)] : [.data("")]
        },
        Flood("priorities") { _ in [HTTP2Frame(.priority, stream: 1, payload: [0, 0, 0, 3, 1])] },
        Flood("frames that nobody knows") { _ in [HTTP2Frame(type: 0x77, payload: [1, 2, 3])] },
        Flood("requests taken back") { number in
            [
                .headers(HTTP2Fixture.get, stream: 2 * number + 1, ends: true),
                .reset(2 * number + 1),
            ]
        },
        Flood("resets that the client asks for") { number in
            [
                .headers(HTTP2Fixture.post, stream: 2 * number + 1),
                .window(0x7FFF_FFFF, stream: 2 * number + 1),
            ]
        },
        Flood("requests with bad fields") { number in
            [.headers(HTTP2Fixture.get + [("x", "\u{0}")], stream: 2 * number + 1, ends: true)]
        },
        Flood("heads in pieces") { number in
            let block = HTTP2Frame.block(HTTP2Fixture.get)
            return [
                HTTP2Frame(
                    .headers, flags: HTTP2Frame.endStream, stream: 2 * number + 1,
                    payload: Array(block.prefix(4))),
                HTTP2Frame(
                    .continuation, flags: HTTP2Frame.endHeaders, stream: 2 * number + 1,
                    payload: Array(block.dropFirst(4))),
            ]
        },
    ]

    @Test(arguments: floods)
    func aFloodEndsTheConnection(_ flood: Flood) {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.respond("x") }
        if flood.testDescription.contains("DATA") {
            fixture.server.onRequest = { $0.stream.receiveBody() }
        }
        var number: UInt32 = 0
        while fixture.stream.closing == nil, number < 3000 {
            fixture.stream.send(flood.wave(number).flatMap(\.bytes))
            number += 1
        }
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.news().last { $0.kind == .goAway }?.code == 11)
        // A client that behaves oddly now and then is served.
        #expect(number > 300)
        #expect(number < 1100)
    }

    @Test(arguments: floods)
    func whatComesSlowlyIsNoFlood(_ flood: Flood) {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.respond("x") }
        if flood.testDescription.contains("DATA") {
            fixture.server.onRequest = { $0.stream.receiveBody() }
        }
        for number in 0..<UInt32(3000) where fixture.stream.closing == nil {
            fixture.stream.send(flood.wave(number).flatMap(\.bytes))
            fixture.loop.advance(by: .milliseconds(100))
        }
        #expect(fixture.stream.closing == nil)
    }

    @Test func requestsAndWindowsAreNoFlood() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.respond("x") }
        for number in 0..<UInt32(3000) {
            fixture.send(
                .headers(HTTP2Fixture.post, stream: 2 * number + 1),
                .data("{}", stream: 2 * number + 1, ends: true), .window(10))
        }
        #expect(fixture.server.requests.count == 3000)
        #expect(fixture.stream.closing == nil)
    }
}
