import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import Testing

@testable import reprise

/// What a client of HTTP/2 sees of the whole server.
struct HTTP2Tests {
    private let chat = ChatRequest(question: "a")

    private func answer(_ text: String) -> SimulatedResponse {
        .json(
            #"{"choices":[{"index":0,"message":{"content":"\#(text)"},"finish_reason":"stop"}]}"#)
    }

    @Test func aMissIsStoredAndAHitIsTheSameBytes() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let client = HTTP2Client(server)
        let miss = try client.ask(HTTP2Client.head(), chat.body)
        #expect(miss.status == "200")
        #expect(miss["cache-status"]?.contains("fwd=uri-miss; stored") == true)
        let hit = try client.ask(HTTP2Client.head(), chat.body)
        #expect(hit["cache-status"]?.hasPrefix("reprise; hit") == true)
        #expect(hit.body == miss.body)
        #expect(hit.fields.allSatisfy { !$0.hasPrefix("connection") })
        #expect(server.upstream.requestCount == 1)
    }

    /// The fast path answers what it knows; a field that the cache does not look at makes the request
    /// one that it does not know.
    @Test func theFastPathAnswersAsTheWholeWayDoes() throws {
        let server = try SimulatedServer(ChatRequest.echo()) { $0.ttl = 100 }
        let noon: Int64 = 1_700_000_000_000
        server.host.setWallClock(noon)
        let client = HTTP2Client(server)
        _ = try client.ask(HTTP2Client.head(), chat.body)
        // In the middle of a second, however long each takes.
        func setAge(_ seconds: Int64) { server.host.setWallClock(noon + 1000 * seconds + 500) }
        for seconds: Int64 in [0, 1, 50, 99] {
            setAge(seconds)
            let fast = try client.ask(HTTP2Client.head(), chat.body)
            setAge(seconds)
            let held = try client.ask(HTTP2Client.head(), chat.body, inOnePiece: false)
            setAge(seconds)
            let whole = try client.ask(
                HTTP2Client.head() + [("user-agent", "\(seconds)")], chat.body)
            #expect(fast == whole)
            #expect(held == whole)
            #expect(whole["age"] == "\(seconds)")
        }
        setAge(101)
        let stale = try client.ask(HTTP2Client.head(), chat.body)
        #expect(stale["cache-status"]?.contains("fwd=stale") == true)
    }

    @Test func aRequestTellsItselfFromAllThatDiffer() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let client = HTTP2Client(server)
        let variants: [([(String, String)], String)] = [
            (HTTP2Client.head(), chat.body), (HTTP2Client.head(), chat.body + " "),
            (HTTP2Client.head(), ChatRequest(question: "b").body),
            (HTTP2Client.head("/v1/chat/completions?x=1"), chat.body),
            (HTTP2Client.head() + [("authorization", "Bearer x")], chat.body),
            (HTTP2Client.head() + [("authorization", "Bearer y")], chat.body),
            (HTTP2Client.head() + [("openai-organization", "org-1")], chat.body),
        ]
        let first = try variants.map { try client.ask($0.0, $0.1).body }
        // White space is not part of the key.
        #expect(Set(first).count == variants.count - 1)
        for inOnePiece in [true, false] {
            let again = try variants.map { try client.ask($0.0, $0.1, inOnePiece: inOnePiece) }
            #expect(again.map(\.body) == first)
            #expect(again.allSatisfy { $0["cache-status"]?.hasPrefix("reprise; hit") == true })
        }
        #expect(server.upstream.requestCount == variants.count - 1)
    }

    @Test(arguments: [
        ("cache-control", "no-cache"), ("x-proxy-ttl", "0"),
        ("x-proxy-refresh", "true"), ("cache-control", "max-age=0"),
    ])
    func whoAsksForAFreshAnswerGetsOne(_ field: (String, String)) throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let client = HTTP2Client(server)
        _ = try client.ask(HTTP2Client.head(), chat.body)
        for count in 2...4 {
            server.world.run(for: .seconds(2))
            let answer = try client.ask(
                HTTP2Client.head() + [field], chat.body, inOnePiece: count != 3)
            #expect(answer.text.contains("call \(count)"))
        }
    }

    @Test func everySplitOfTheBytesIsTheSameRequest() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let first = try HTTP2Client(server).ask(HTTP2Client.head(), chat.body)
        let bytes =
            HTTP2Frame.preface + HTTP2Frame.settings().bytes
            + HTTP2Frame.headers(HTTP2Client.head()).bytes
            + HTTP2Frame.data(chat.body, ends: true).bytes
        for split in 1..<bytes.count {
            let peer = server.connect([
                .send(Array(bytes[..<split])), .wait(.milliseconds(1)),
                .send(Array(bytes[split...])),
            ])
            let hasCome = server.world.run(limit: .seconds(20)) {
                HTTP2Frame.read(peer.received).contains {
                    $0.kind == .data && $0.flags & HTTP2Frame.endStream != 0
                }
            }
            #expect(hasCome, "split at \(split)")
            let body = HTTP2Frame.read(peer.received).filter { $0.kind == .data }.flatMap(\.payload)
            #expect(body == first.body, "split at \(split)")
            peer.add([.close])
        }
        #expect(server.upstream.requestCount == 1)
    }

    @Test func anUploadWithoutALengthGoesOnInChunks() throws {
        let server = try SimulatedServer(Script { _ in .json("{}") })
        let client = HTTP2Client(server)
        let id = client.makeStream()
        client.send(
            .headers(HTTP2Client.head("/v1/files", "POST", [("content-type", "a/b")]), stream: id))
        client.send(.data("one", stream: id), .data("two", stream: id))
        client.send(.data("", stream: id, ends: true))
        #expect(try client.wait(for: id).status == "200")
        let request = try #require(server.upstream.requests.first)
        #expect(request.header("transfer-encoding") == "chunked")
        #expect(request.header("content-length") == nil)
        #expect(request.bodyText == "onetwo")
        let known = client.makeStream()
        client.send(
            .headers(
                HTTP2Client.head("/v1/files", "POST", [("content-length", "3")]), stream: known),
            .data("abc", stream: known, ends: true))
        #expect(try client.wait(for: known).status == "200")
        #expect(server.upstream.requests.last?.header("content-length") == "3")
        #expect(try client.ask(HTTP2Client.head("/v1/files", "POST", [])).status == "200")
        #expect(server.upstream.requests.last?.header("content-length") == "0")
        #expect(try client.ask(HTTP2Client.head("/v1/models", "GET", [])).status == "200")
        #expect(server.upstream.requests.last?.header("content-length") == nil)
    }

    @Test func aCutUpstreamIsAResetBehindItsBytes() throws {
        let events = [
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n",
        ]
        let server = try SimulatedServer(
            Script { request in
                request.bodyText.contains("cut")
                    ? SimulatedResponse.eventStream(events).broken(afterPieces: 1)
                    : .json(
                        #"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]}"#
                    )
            })
        let client = HTTP2Client(server)
        let cut = client.request(
            HTTP2Client.head(), #"{"model":"cut","stream":true,"messages":[]}"#)
        let other = client.request(HTTP2Client.head(), chat.body)
        let answer = try client.wait(for: cut)
        #expect(answer.reset == 2)
        #expect(answer.text == events[0])
        #expect(try client.wait(for: other).status == "200")
        #expect(try client.ask(HTTP2Client.head("/health", "GET", [])).text == #"{"ok":true}"#)
        #expect(client.goodbyes == [])
    }

    @Test func errorsAreThoseOfHTTP1() throws {
        let server = try SimulatedServer(ChatRequest.echo()) { $0.maxBody = 1000 }
        let client = HTTP2Client(server)
        #expect(try client.ask(HTTP2Client.head("/nowhere", "GET", [])).status == "404")
        let wrong = HTTP2Client.head() + [("x-proxy-ttl", "soon")]
        #expect(try client.ask(wrong, chat.body).status == "400")
        let long = try client.ask(HTTP2Client.head(), String(repeating: "x", count: 1001))
        #expect(long.status == "413")
        let connect = [(":method", "CONNECT"), (":authority", "example.org:443")]
        #expect(try client.ask(connect).status == "421")
        let large = HTTP2Client.head() + (0..<300).map { ("x-\($0)", "y") }
        let tooLarge = try client.ask(large, chat.body)
        #expect(tooLarge.status == "431")
        #expect(tooLarge.text.contains("head_too_large"))
        let twoHosts = HTTP2Client.head("/health", "GET", [("host", "other")])
        #expect(try client.ask(twoHosts).reset == 1)
        let head = try client.ask(HTTP2Client.head("/health", "HEAD", []))
        #expect(head.fields.contains("content-length: 11"))
        #expect(head.body.isEmpty)
        #expect(server.upstream.requestCount == 0)
        let lines = server.log.lines.filter { $0.message == "request" }
        #expect(
            lines.map { $0["status"] }
                == [404, 400, 413, 421, 431, 200].map { LogValue.integer($0) })
    }

    @Test func aClientThatTakesItsRequestBackLeavesNothing() throws {
        let gate = Gate()
        let slow = answer("x").gated(by: gate)
        let server = try SimulatedServer(Script { _ in slow })
        let client = HTTP2Client(server)
        let id = client.request(HTTP2Client.head(), chat.body)
        #expect(server.world.run(limit: .seconds(5)) { server.upstream.requestCount == 1 })
        client.send(.reset(id))
        server.world.run(for: .seconds(1))
        #expect(server.log.lines.filter { $0.message == "request" }.count == 1)
        gate.open()
        // It was paid for, and is stored.
        server.world.run(for: .seconds(1))
        let hit = try client.ask(HTTP2Client.head(), chat.body)
        #expect(hit["cache-status"]?.hasPrefix("reprise; hit") == true)
        client.peer.add([.close])
        #expect(try server.end() == [])
    }

    // MARK: Which HTTP it is

    @Test func thePrefaceMayComeByteByByte() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let bytes =
            HTTP2Frame.preface + HTTP2Frame.settings().bytes
            + HTTP2Frame.headers(HTTP2Client.head("/health", "GET", []), ends: true).bytes
        let peer = server.connect([.sendInPieces(bytes, size: 1, every: .milliseconds(1))])
        let hasCome = server.world.run(limit: .seconds(20)) {
            HTTP2Frame.read(peer.received).contains { $0.kind == .data }
        }
        #expect(hasCome)
    }

    @Test func whatOnlyBeginsLikeThePrefaceIsHTTP1() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        for split in 1..<4 {
            let request = Array("PUT /health HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
            let answers = try server.exchange([Array(request[..<split]), Array(request[split...])])
            #expect(String(decoding: answers[0], as: UTF8.self).hasPrefix("HTTP/1.1 "))
        }
        let peer = server.connect([.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".utf8))])
        #expect(server.world.run(limit: .seconds(5)) { peer.isOver || peer.endedAt != nil })
        #expect(peer.receivedText.hasPrefix("HTTP/1.1 "))
    }

    @Test func aPrefaceThatDoesNotEndIsATimeout() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let peer = server.connect([.send(Array("PRI * HT".utf8))])
        #expect(server.world.run(limit: .seconds(15)) { peer.endedAt != nil || peer.isOver })
        #expect(peer.receivedText.hasPrefix("HTTP/1.1 408 "))
        let silent = HTTP2Client(server)
        silent.peer.add([.send(HTTP2Frame.headers(HTTP2Client.head()).bytes.dropLast())])
        #expect(
            server.world.run(limit: .seconds(15)) {
                silent.peer.endedAt != nil || silent.peer.isOver
            })
        _ = silent.answer(1)
        #expect(silent.goodbyes.count == 1)
    }

    // MARK: The end

    @Test func whatIsUnderWayIsFinishedWhenTheServerEnds() throws {
        let gate = Gate()
        let slow = answer("x").gated(by: gate)
        let server = try SimulatedServer(Script { _ in slow })
        let client = HTTP2Client(server)
        let id = client.request(HTTP2Client.head(), chat.body)
        #expect(server.world.run(limit: .seconds(5)) { server.upstream.requestCount == 1 })
        let hasEnded = Flag()
        server.assembly.end(within: .seconds(30)) { hasEnded.set() }
        server.world.run(for: .seconds(3))
        _ = client.answer(id)
        #expect(client.goodbyes.map(\.number) == [0x7FFF_FFFF, id])
        #expect(!hasEnded.isSet)
        gate.open()
        #expect(try client.wait(for: id).status == "200")
        #expect(server.world.run(limit: .seconds(5)) { hasEnded.isSet })
    }

    @Test func theServerEndsWhateverItsClientsDo() throws {
        let server = try SimulatedServer(
            Script { _ in SimulatedResponse.silence })
        let waiting = HTTP2Client(server)
        waiting.request(HTTP2Client.head(), chat.body)
        let uploading = HTTP2Client(server)
        uploading.send(.headers(HTTP2Client.head("/v1/files")))
        _ = HTTP2Client(server)
        _ = server.connect()
        _ = server.connect([.send(Array("PRI".utf8))])
        let deaf = HTTP2Client(server)
        deaf.peer.add([.stopReading])
        server.world.run(for: .seconds(1))
        let hasEnded = Flag()
        server.assembly.end(within: .seconds(5)) { hasEnded.set() }
        #expect(server.world.run(limit: .seconds(20)) { hasEnded.isSet })
        #expect(waiting.answer(1).reset == 2)
    }

    @Test func nothingIsLeftBehind() throws {
        let server = try SimulatedServer(ChatRequest.echo())
        let client = HTTP2Client(server)
        for question in ["a", "b", "a"] {
            _ = try client.ask(HTTP2Client.head(), ChatRequest(question: question).body)
        }
        client.peer.add([.awaitEnd, .close])
        #expect(try server.end() == [])
        #expect(client.peer.isOver)
    }
}
