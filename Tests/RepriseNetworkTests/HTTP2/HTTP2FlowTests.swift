import RepriseNetwork
import RepriseTesting
import Testing

struct HTTP2FlowTests {
    private typealias Fixture = HTTP2Fixture

    private let large = [
        (":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h"),
    ]

    /// DATA frames of 16 KiB.
    private func data(_ count: Int, stream: UInt32 = 1) -> [UInt8] {
        (0..<count).flatMap { _ in
            HTTP2Frame(.data, stream: stream, payload: Array(repeating: 1, count: 16 << 10)).bytes
        }
    }

    @Test func whatIsDeliveredMayBeSentAgain() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(large))
        var returned: [UInt32: UInt32] = [:]
        for _ in 0..<40 {
            fixture.stream.send(data(2))
            for frame in fixture.news() where frame.kind == .window {
                returned[frame.stream, default: 0] += frame.number
            }
        }
        #expect(fixture.server.requests[0].body.count == 40 * 32 << 10)
        // The library gives back once half of a window is used up.
        #expect(returned[1] ?? 0 >= 40 * 32 << 10 - (128 << 10))
        #expect(returned[0] ?? 0 >= 40 * 32 << 10 - (512 << 10))
    }

    @Test func aBodyThatNobodyReadsWaitsWithinItsWindow() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(large))
        let request = fixture.server.requests[0]
        fixture.loop.turn { request.stream.pauseBody() }
        fixture.stream.send(data(16))
        #expect(request.body.isEmpty)
        #expect(request.stream.waitingBody.count == 256 << 10)
        #expect(fixture.news().isEmpty)
        // More than the window is the client's error.
        fixture.send(.data("x"))
        #expect(fixture.words() == ["1 reset 3"])
        #expect(request.isClosed)
    }

    @Test func aPausedBodyGoesOn() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(large))
        let request = fixture.server.requests[0]
        fixture.loop.turn { request.stream.pauseBody() }
        fixture.stream.send(data(12) + HTTP2Frame.data("", ends: true).bytes)
        #expect(request.body.isEmpty)
        #expect(!request.hasEnded)
        fixture.loop.turn { request.stream.resumeBody() }
        #expect(request.body.count == 12 * 16 << 10)
        #expect(request.hasEnded)
    }

    @Test func leftoversOfAStreamDoNotUseUpTheConnection() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { _ in }
        var returned: UInt32 = 0
        for index in 0..<40 {
            let id = UInt32(2 * index + 1)
            fixture.send(.headers(large, stream: id))
            fixture.stream.send(data(4, stream: id))
            fixture.send(.reset(id))
            for frame in fixture.news() where frame.kind == .window && frame.stream == 0 {
                returned += frame.number
            }
        }
        #expect(returned >= 40 * 64 << 10 - (512 << 10))
        #expect(fixture.server.requests.allSatisfy { $0.isClosed && $0.body.isEmpty })
    }

    @Test func anEarlyAnswerEndsTheRequestWithoutAnError() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { request in
            request.stream.discardBody()
            request.respond("no", status: 404)
        }
        fixture.send(.headers(large))
        #expect(fixture.words() == [#"1 [":status: 404"]"#, #"1 "no" end"#, "1 reset 0"])
        // What was on its way is given back.
        var returned: UInt32 = 0
        for _ in 0..<64 {
            fixture.stream.send(data(1))
            for frame in fixture.news() where frame.kind == .window && frame.stream == 0 {
                returned += frame.number
            }
        }
        #expect(returned >= 512 << 10)
        #expect(fixture.stream.closing == nil)
    }

    @Test func aResponseKeepsToTheClientsWindows() {
        let fixture = Fixture()
        fixture.open([(0x4, 10)])
        fixture.server.onRequest = { $0.respond("0123456789abcdefghij") }
        fixture.send(.headers(Fixture.get, ends: true))
        #expect(fixture.words() == [#"1 [":status: 200"]"#, #"1 "0123456789""#])
        fixture.send(.window(5, stream: 1))
        #expect(fixture.words() == [#"1 "abcde""#])
        fixture.send(.window(5, stream: 1))
        #expect(fixture.words() == [#"1 "fghij" end"#])
    }

    @Test func aProducerHearsWhenTheClientHasTaken() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.begin(Fixture.fields(200), hasBody: true) }
        fixture.send(.headers(Fixture.get, ends: true))
        let request = fixture.server.requests[0]
        let piece = [UInt8](repeating: 1, count: 150 << 10)
        fixture.loop.turn { request.stream.send(piece.span) }
        #expect(request.stream.unsentByteCount == 150 << 10 - 65_535)
        #expect(request.drainedCount == 0)
        fixture.send(.window(100_000), .window(30_000, stream: 1))
        #expect(request.drainedCount == 1)
        fixture.send(.window(100_000, stream: 1))
        #expect(request.drainedCount == 1)
        #expect(request.stream.unsentByteCount == 0)
        fixture.loop.turn { request.stream.finish() }
        #expect(fixture.news().last?.flags == HTTP2Frame.endStream)
        #expect(request.isClosed)
    }

    @Test func noMoreIsWrittenThanTheSocketTakes() {
        let fixture = Fixture(window: 1000)
        fixture.open([(0x4, 10_000_000)])
        fixture.send(.window(50_000_000))
        let body = [UInt8](repeating: 5, count: 2_000_000)
        fixture.server.onRequest = { $0.stream.respond(Fixture.fields(200), body: body) }
        for id: UInt32 in [1, 3, 5] { fixture.send(.headers(Fixture.get, stream: id, ends: true)) }
        #expect(fixture.stream.unsentByteCount > 60_000)
        #expect(fixture.stream.unsentByteCount < 100_000)
        var most = 0
        for _ in 0..<400 where fixture.session?.streamCount != 0 {
            fixture.stream.take(60_000)
            most = max(most, fixture.stream.unsentByteCount)
        }
        fixture.stream.take(200_000)
        #expect(most < 100_000)
        let sent = fixture.news().filter { $0.kind == .data }
        for id: UInt32 in [1, 3, 5] {
            #expect(
                sent.filter { $0.stream == id }.reduce(0) { $0 + $1.payload.count } == 2_000_000)
        }
    }

    @Test func aCutComesBehindTheBytes() {
        let fixture = Fixture()
        fixture.open([(0x4, 3)])
        fixture.server.onRequest = { request in
            request.stream.begin(Fixture.fields(200), hasBody: true)
            request.stream.send(Array("abcdef".utf8).span)
            request.stream.cut()
        }
        fixture.send(.headers(Fixture.get, ends: true))
        #expect(fixture.words() == [#"1 [":status: 200"]"#, #"1 "abc""#])
        fixture.send(.window(100, stream: 1))
        #expect(fixture.words() == [#"1 "def""#, "1 reset 2"])
        #expect(fixture.server.requests[0].isClosed)
    }

    @Test func aCutOfWhatHadNoHeadIsAReset() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.cut() }
        fixture.send(
            .headers(Fixture.get, ends: true), .headers(Fixture.get, stream: 3, ends: true))
        #expect(fixture.words() == ["1 reset 2", "3 reset 2"])
    }

    @Test func aCutOfOneStreamIsNotTheEndOfAnother() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.begin(Fixture.fields(200), hasBody: true) }
        fixture.send(
            .headers(Fixture.get, ends: true), .headers(Fixture.get, stream: 3, ends: true))
        _ = fixture.words()
        let requests = fixture.server.requests
        fixture.loop.turn {
            requests[0].stream.cut()
            requests[1].stream.send(Array("x".utf8).span)
            requests[1].stream.finish()
        }
        #expect(fixture.words().sorted() == [#"1 reset 2"#, #"3 "x" end"#])
    }

    @Test func aHeadThatIsTooLongToSendIsAnError() {
        let fixture = Fixture()
        fixture.open()
        let long = String(repeating: "x", count: 2 << 20)
        fixture.server.onRequest = {
            $0.stream.begin(Fixture.fields(200, [("a", long)]), hasBody: false)
        }
        fixture.send(.headers(Fixture.get, ends: true))
        #expect(fixture.words() == ["1 reset 2"])
        #expect(fixture.server.requests[0].isClosed)
        // Up to a megabyte goes out.
        fixture.server.onRequest = {
            $0.stream.begin(
                Fixture.fields(200, [("a", String(repeating: "x", count: 200_000))]), hasBody: false
            )
        }
        fixture.send(.headers(Fixture.get, stream: 3, ends: true))
        #expect(fixture.news().filter { $0.kind == .continuation }.count > 5)
    }
}
