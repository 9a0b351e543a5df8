import RepriseNetwork
import RepriseTesting
import Testing

struct HTTP2SessionTests {
    private typealias Fixture = HTTP2Fixture

    @Test func aRequestIsAnswered() {
        let fixture = Fixture()
        fixture.server.onRequest = { request in
            request.onEnd = { $0.respond("hello") }
            request.stream.receiveBody()
        }
        fixture.stream.send(HTTP2Frame.preface + HTTP2Frame.settings().bytes)
        #expect(fixture.words() == ["settings", "0 window 983041", "settings ack"])
        fixture.send(.headers(Fixture.post), .data("ab"), .data("c", ends: true))
        let request = fixture.server.requests.first
        #expect(request?.head?.method == Array("POST".utf8))
        #expect(request?.head?.target == Array("/a".utf8))
        #expect(request?.fields == ["host: host"])
        #expect(request?.text == "abc")
        #expect(fixture.words() == [#"1 [":status: 200"]"#, #"1 "hello" end"#])
        #expect(request?.isClosed == true)
        #expect(fixture.session?.streamCount == 0)
    }

    @Test func theSplitOfTheBytesDoesNotMatter() {
        let input =
            HTTP2Frame.preface + HTTP2Frame.settings([(0x4, 100_000)]).bytes
            + HTTP2Frame.headers(Fixture.post + [("cookie", "a=1"), ("cookie", "b=2")]).bytes
            + HTTP2Frame.data("abc").bytes
            + HTTP2Frame(.ping, payload: Array(repeating: 7, count: 8)).bytes
            + HTTP2Frame.headers([("x-trailer", "1")], ends: true).bytes
            + HTTP2Frame.headers(Fixture.get, stream: 3, ends: true).bytes
        func run(_ pieces: [ArraySlice<UInt8>]) -> [String] {
            let fixture = Fixture()
            fixture.server.onRequest = { request in
                request.onEnd = { $0.respond("<\($0.text)>") }
                request.stream.receiveBody()
            }
            for piece in pieces { fixture.stream.send(Array(piece)) }
            #expect(fixture.server.requests.first?.fields == ["cookie: a=1; b=2", "host: host"])
            return fixture.words().sorted()
        }
        let whole = run([input[...]])
        #expect(whole.contains(#"1 "<abc>" end"#))
        #expect(whole.contains(#"3 "<>" end"#))
        for split in 1..<input.count {
            // Both answers in one turn share a table of fields, so that their heads are read in order.
            #expect(run([input[..<split], input[split...]]) == whole, "split at \(split)")
        }
        #expect(run(input.indices.map { input[$0...$0] }) == whole)
    }

    @Test func aHeadInPiecesIsOneHead() {
        let fixture = Fixture()
        fixture.open()
        let block = HTTP2Frame.block(Fixture.get)
        fixture.send(
            HTTP2Frame(
                .headers, flags: HTTP2Frame.endStream, stream: 1, payload: Array(block.prefix(5))),
            HTTP2Frame(.continuation, stream: 1, payload: Array(block[5..<9])))
        #expect(fixture.server.requests.isEmpty)
        fixture.send(
            HTTP2Frame(
                .continuation, flags: HTTP2Frame.endHeaders, stream: 1,
                payload: Array(block.dropFirst(9))))
        #expect(fixture.server.requests.first?.hasEnded == true)
    }

    @Test func theHostIsTheAuthorityOrTheOneThatIsGiven() {
        let fixture = Fixture()
        fixture.open()
        let head = Array(Fixture.get.dropLast())
        fixture.send(.headers(head + [("host", "h:1")], ends: true))
        fixture.send(.headers(head + [(":authority", "H"), ("host", "h")], stream: 3, ends: true))
        fixture.send(.headers(head + [(":authority", "i"), ("host", "h")], stream: 5, ends: true))
        #expect(fixture.server.requests.map(\.fields) == [["host: h:1"], ["host: h"], []])
        #expect(fixture.server.requests.last?.head == nil)
    }

    @Test func twoHeadsHaveTheSameBytesOnlyIfTheyAreTheSame() {
        let heads: [[(String, String)]] = [
            Fixture.get, Fixture.post, Fixture.get + [("a", "bc")], Fixture.get + [("ab", "c")],
            Fixture.get + [("a", "b"), ("c", "d")], Fixture.get + [("c", "d"), ("a", "b")],
            Fixture.get + [("a", "")], Fixture.get + [("a", "b")],
            Fixture.get + [("a", "b"), ("a", "b")],
        ]
        let fixture = Fixture()
        fixture.open()
        for (index, head) in (heads + heads).enumerated() {
            fixture.send(.headers(head, stream: UInt32(2 * index + 1), ends: true))
        }
        let encoded = fixture.server.requests.map(\.stream.encodedHead)
        #expect(encoded.count == 2 * heads.count)
        #expect(Set(encoded).count == heads.count)
        #expect(encoded.prefix(heads.count) == encoded.suffix(heads.count))
        // No request of HTTP/1.1 begins like this.
        #expect(encoded.allSatisfy { $0[0] == 2 })
    }

    @Test func aResponseWithoutABodyEndsWithItsHead() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { $0.stream.begin(Fixture.fields(204), hasBody: false) }
        fixture.send(.headers(Fixture.get, ends: true))
        #expect(fixture.words() == [#"1 [":status: 204"] end"#])
        fixture.server.onRequest = { $0.respond("") }
        fixture.send(.headers(Fixture.get, stream: 3, ends: true))
        #expect(fixture.words() == [#"3 [":status: 200"] end"#])
    }

    @Test func fieldsOfAConnectionAreLeftOut() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = {
            $0.stream.begin(
                Fixture.fields(
                    200,
                    [
                        ("connection", "x"), ("keep-alive", "1"), ("transfer-encoding", "chunked"),
                        ("upgrade", "h2c"), ("proxy-connection", "x"), ("a", " b\t"), ("c", "d\re"),
                        ("e f", "g"), ("x", ""),
                    ]), hasBody: false)
        }
        fixture.send(.headers(Fixture.get, ends: true))
        #expect(fixture.words() == [#"1 [":status: 200", "a: b", "x: "] end"#])
    }

    @Test func aHundredComesOnceAndOnlyToWhoWaits() {
        let fixture = Fixture()
        fixture.open()
        fixture.server.onRequest = { request in
            request.onEnd = { $0.respond($0.text) }
            request.stream.sendContinue()
            request.stream.receiveBody()
        }
        fixture.send(.headers(Fixture.post + [("expect", "100-continue")]))
        #expect(fixture.server.requests.first?.head?.expectsContinue == true)
        #expect(fixture.words() == [#"1 [":status: 100"]"#])
        fixture.send(.data("x", ends: true))
        #expect(fixture.words() == [#"1 [":status: 200"]"#, #"1 "x" end"#])
        fixture.send(.headers(Fixture.post, stream: 3), .data("x", stream: 3, ends: true))
        #expect(fixture.words() == [#"3 [":status: 200"]"#, #"3 "x" end"#])
    }

    @Test func theConnectionsEndIsTheEndOfItsStreams() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(Fixture.post), .headers(Fixture.post, stream: 3))
        fixture.stream.breakOff()
        #expect(fixture.server.requests.map(\.isClosed) == [true, true])
        #expect(fixture.server.requests.map(\.hasEnded) == [false, false])
        #expect(fixture.server.closed == .reset)
        // What comes too late is of no effect.
        fixture.loop.turn { fixture.server.requests[0].respond("late") }
        fixture.loop.turn { fixture.session?.drain() }
        let isGone = fixture.forgetSession()
        fixture.server.requests = []
        #expect(isGone())
        #expect(fixture.loop.pendingTimerCount == 0)
    }

    @Test func aClientThatEndsItsSideHasLeft() {
        let fixture = Fixture()
        fixture.open()
        fixture.send(.headers(Fixture.post))
        fixture.stream.end()
        #expect(fixture.stream.closing == .closed)
        #expect(fixture.server.requests.map(\.isClosed) == [true])
    }

    @Test func aHundredStreamsAreServedAtOnce() {
        let fixture = Fixture()
        fixture.open()
        for index in 0..<100 {
            fixture.send(.headers(Fixture.get, stream: UInt32(2 * index + 1), ends: true))
        }
        #expect(fixture.server.requests.count == 100)
        #expect(fixture.news().isEmpty)
        fixture.loop.turn { for request in fixture.server.requests { request.respond("x") } }
        #expect(fixture.news().filter { $0.kind == .data }.count == 100)
        #expect(fixture.session?.streamCount == 0)
    }
}
