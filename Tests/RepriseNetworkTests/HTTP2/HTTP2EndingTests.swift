import RepriseNetwork
import RepriseTesting
import Testing

struct HTTP2EndingTests {
    private typealias Fixture = HTTP2Fixture

    private let pong = HTTP2Frame(
        .ping, flags: HTTP2Frame.ack, payload: Array(repeating: 0, count: 8))

    @Test func noRequestOnItsWayIsLost() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { _ in }
        fixture.send(.headers(Fixture.get, ends: true))
        fixture.loop.turn { fixture.session?.drain() }
        #expect(fixture.words().sorted() == ["goaway 2147483647 0", "ping"])
        // It crossed the notice.
        fixture.send(.headers(Fixture.get, stream: 3, ends: true))
        #expect(fixture.server.requests.count == 2)
        fixture.send(pong)
        #expect(fixture.words() == ["goaway 3 0"])
        // The client has heard.
        fixture.send(.headers(Fixture.get, stream: 5, ends: true))
        #expect(fixture.server.requests.count == 2)
        #expect(fixture.stream.closing == nil)
        fixture.loop.turn { fixture.server.requests[1].respond("b") }
        #expect(fixture.stream.closing == nil)
        fixture.loop.turn { fixture.server.requests[0].respond("a") }
        #expect(fixture.words().filter { $0.hasSuffix("end") }.count == 2)
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.loop.pendingTimerCount == 0)
    }

    @Test func aClientThatDoesNotAnswerIsNotWaitedFor() {
        let fixture = Fixture()
        fixture.open()
        fixture.loop.turn { fixture.session?.drain() }
        fixture.loop.advance(by: .milliseconds(900))
        #expect(fixture.stream.closing == nil)
        fixture.loop.advance(by: .milliseconds(200))
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.words().sorted() == ["goaway 0 0", "goaway 2147483647 0", "ping"])
    }

    @Test func aCutTellsTheClients() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.begin(Fixture.fields(200), hasBody: true) }
        fixture.send(.headers(Fixture.get, ends: true))
        _ = fixture.words()
        fixture.loop.turn { fixture.session?.cut() }
        #expect(fixture.words().sorted() == ["1 reset 2", "goaway 1 2"])
        #expect(fixture.server.requests[0].isClosed)
        #expect(fixture.stream.closing == .closed)
    }

    @Test func aClientThatSaysGoodbyeIsServedToTheEnd() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { _ in }
        fixture.send(
            .headers(Fixture.get, ends: true),
            HTTP2Frame(.goAway, payload: Array(repeating: 0, count: 8)))
        #expect(fixture.stream.closing == nil)
        fixture.loop.turn { fixture.server.requests[0].respond("a") }
        #expect(fixture.words().last == #"1 "a" end"#)
        #expect(fixture.stream.closing == .closed)
    }

    // MARK: Deadlines

    private func check(_ fixture: Fixture, after duration: Duration) {
        fixture.loop.advance(by: duration)
        fixture.loop.turn { fixture.session?.check(fixture.loop.now) }
    }

    @Test func anIdleConnectionIsClosed() {
        let fixture = Fixture()
        fixture.open()
        check(fixture, after: .zero)
        check(fixture, after: .seconds(20 * 60))
        #expect(fixture.news().isEmpty)
        check(fixture, after: .seconds(61))
        #expect(fixture.words().sorted() == ["goaway 2147483647 0", "ping"])
        fixture.send(pong)
        #expect(fixture.stream.closing == .closed)
    }

    @Test func aRequestThatIsWaitedForIsNotIdle() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.begin(Fixture.fields(200), hasBody: true) }
        fixture.send(.headers(Fixture.get, ends: true))
        check(fixture, after: .seconds(100 * 60))
        #expect(fixture.stream.closing == nil)
        #expect(fixture.server.requests[0].isClosed == false)
        #expect(fixture.session?.idleTime(fixture.loop.now) == nil)
    }

    /// What may stand at the end of what a client sends, never to go on.
    static let beginnings: [[UInt8]] = [
        Array(HTTP2Frame.preface.prefix(10)), HTTP2Frame.preface,
        HTTP2Frame.preface + HTTP2Frame.settings([(1, 1)]).bytes.prefix(12),
        HTTP2Frame.preface + HTTP2Frame.settings().bytes + [0],
        HTTP2Frame.preface + HTTP2Frame.settings().bytes
            + HTTP2Frame.headers(HTTP2Fixture.get).bytes.dropLast(),
        HTTP2Frame.preface + HTTP2Frame.settings().bytes
            + HTTP2Frame(.headers, stream: 1, payload: HTTP2Frame.block(HTTP2Fixture.get)).bytes,
    ]

    @Test(arguments: beginnings)
    func aHeadThatDoesNotEndIsNotWaitedFor(_ bytes: [UInt8]) {
        let fixture = Fixture()
        for byte in bytes { fixture.stream.send([byte]) }
        check(fixture, after: .seconds(9))
        #expect(fixture.stream.closing == nil)
        check(fixture, after: .seconds(2))
        #expect(fixture.stream.closing == .closed)
    }

    @Test func aBodyThatDoesNotComeEndsItsStream() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(Fixture.post), .headers(Fixture.post, stream: 3))
        check(fixture, after: .seconds(20 * 60))
        fixture.send(.data("x", stream: 3))
        check(fixture, after: .seconds(2 * 60))
        #expect(fixture.words() == ["1 reset 8"])
        #expect(fixture.server.requests.map(\.isClosed) == [true, false])
    }

    @Test func aReaderThatTakesNothingEndsItsStream() {
        let fixture = Fixture()
        fixture.open([(0x4, 2)])
        fixture.server.onRequest = { $0.respond("abcdef") }
        fixture.send(
            .headers(Fixture.get, ends: true), .headers(Fixture.get, stream: 3, ends: true))
        check(fixture, after: .seconds(20 * 60))
        fixture.send(.window(1, stream: 3))
        _ = fixture.words()
        check(fixture, after: .seconds(2 * 60))
        #expect(fixture.words() == ["1 reset 8"])
        #expect(fixture.server.requests.map(\.isClosed) == [true, false])
    }

    @Test func aSocketThatTakesNothingIsAborted() {
        let fixture = Fixture(window: 100)
        fixture.open()
        fixture.server.onRequest = { $0.respond(String(repeating: "x", count: 1000)) }
        fixture.send(.headers(Fixture.get, ends: true))
        check(fixture, after: .zero)
        check(fixture, after: .seconds(20 * 60))
        fixture.stream.take(10)
        check(fixture, after: .seconds(2 * 60))
        #expect(fixture.stream.closing == nil)
        check(fixture, after: .seconds(22 * 60))
        #expect(fixture.stream.closing == .aborted)
    }
}
