import RepriseNetwork
import Testing

/// Calls, with an upstream that does as it is told.
struct HTTPClientTests {
    typealias Outcome = PlayedCall.Outcome

    @Test func requestIsSentAndItsResponseComes() throws {
        let played = try PlayedClient()
        let call = played.send(
            "POST", "/a?b=c", fields: [(Array("x-a".utf8), Array("b".utf8))],
            body: .bytes(Array("{}".utf8)))
        let stream = try #require(played.streams.first)
        #expect(
            stream.text
                == "POST /a?b=c HTTP/1.1\r\nhost: api.test\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}"
        )
        stream.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-")
        #expect(call.head == nil)
        stream.send("length: 5\r\n\r\nhel")
        #expect(call.head?.status == 200)
        #expect(call.body == "hel")
        #expect(call.outcome == nil)
        stream.send("lo")
        #expect(call.body == "hello")
        #expect(call.outcome == .ended(.framed))
    }

    @Test(arguments: [
        ("GET", ""), ("HEAD", ""), ("DELETE", ""), ("OPTIONS", ""),
        ("POST", "content-length: 0\r\n"),
        ("PUT", "content-length: 0\r\n"), ("PATCH", "content-length: 0\r\n"),
    ])
    func bodylessRequestSaysItsLengthWhereOneIsExpected(method: String, line: String) throws {
        let played = try PlayedClient()
        played.send(method)
        #expect(
            played.streams.first?.text == "\(method) / HTTP/1.1\r\nhost: api.test\r\n\(line)\r\n")
    }

    @Test func headHasNoBodyWhateverItSays() throws {
        let played = try PlayedClient()
        let call = played.send("HEAD")
        played.streams[0].send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
        #expect(call.outcome == .ended(.framed))
        #expect(played.client.idleConnectionCount == 1)
    }

    @Test func longBodyIsSentWhole() throws {
        let played = try PlayedClient()
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        played.send(body: .bytes(body))
        #expect(played.streams[0].taken.suffix(100_004) == Array("\r\n\r\n".utf8)[...] + body)
    }

    @Test(
        arguments: [
            ("GE T", "/", [], "its method cannot be forwarded"),
            ("CONNECT", "/", [], "its method cannot be forwarded"),
            ("GET", "a", [], "target"), ("GET", "/a b", [], "target"), ("GET", "/#", [], "target"),
            ("GET", "/\r\nX: y", [], "target"), ("GET", "", [], "target"),
            ("GET", "/", [("a b", "c")], "not a token"), ("GET", "/", [("", "c")], "not a token"),
            ("GET", "/", [("a", "b\r\nc: d")], "field a holds a control character"),
            ("GET", "/", [("Host", "b")], "field Host is not the client's"),
            ("GET", "/", [("content-length", "1")], "not the client's"),
            ("GET", "/", [("Transfer-Encoding", "chunked")], "not the client's"),
            ("GET", "/", [("proxy-authorization", "x")], "not the client's"),
        ] as [(String, String, [(String, String)], String)])
    func requestThatCannotBeSentOpensNoConnection(
        method: String, target: String, fields: [(String, String)], reason: String
    ) throws {
        let played = try PlayedClient()
        let call = played.send(
            method, target, fields: fields.map { (Array($0.0.utf8), Array($0.1.utf8)) })
        guard case .failed(.unsendable(let text)) = call.outcome else {
            Issue.record("\(String(describing: call.outcome))")
            return
        }
        #expect(text.contains(reason))
        #expect(played.loop.attempts.isEmpty)
        #expect(call.call?.isOver == true)
    }

    // MARK: Ends and cuts

    @Test func bodyThatTheConnectionsEndDelimitsIsWholeOnlyAfterACleanEnd() throws {
        for reason in [nil, .reset, .truncated, .tls(.failed("x"))] as [StreamCloseReason?] {
            let played = try PlayedClient()
            let call = played.send()
            played.streams[0].send("HTTP/1.1 200 OK\r\n\r\nall of it")
            if let reason { played.streams[0].breakOff(reason) } else { played.streams[0].end() }
            #expect(call.body == "all of it")
            #expect(
                call.outcome
                    == (reason.map { .failed(.cut($0)) } ?? .ended(.connectionClosed) as Outcome))
            #expect(played.client.idleConnectionCount == 0)
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
    func connectionThatEndsBeforeTheHeadFailsTheCall(part: String) throws {
        for reason in [nil, .reset, .truncated] as [StreamCloseReason?] {
            let played = try PlayedClient()
            let call = played.send()
            if !part.isEmpty { played.streams[0].send(part) }
            if let reason { played.streams[0].breakOff(reason) } else { played.streams[0].end() }
            #expect(call.outcome == .failed(.closedBeforeHead(reason ?? .ended)))
            #expect(call.head == nil)
            #expect(played.streams.count == 1)
        }
    }

    @Test(arguments: [
        "content-length: 9\r\n\r\npart", "transfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n",
    ])
    func bodyThatBreaksOffIsACut(rest: String) throws {
        for reason in [nil, .reset] as [StreamCloseReason?] {
            let played = try PlayedClient()
            let call = played.send()
            played.streams[0].send("HTTP/1.1 200 OK\r\n\(rest)")
            if let reason { played.streams[0].breakOff(reason) } else { played.streams[0].end() }
            #expect(call.body == "part")
            #expect(call.outcome == .failed(.cut(reason ?? .ended)))
        }
    }

    @Test(arguments: [
        "rubbish\r\n", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx",
    ])
    func malformedResponseFailsTheCallAndCutsTheConnection(text: String) throws {
        let played = try PlayedClient()
        let call = played.send()
        played.streams[0].send(text)
        guard case .failed(.malformedResponse) = call.outcome else {
            Issue.record("\(String(describing: call.outcome))")
            return
        }
        #expect(played.streams[0].closing == .aborted)
        #expect(played.loop.pendingTimerCount == 0)
    }

    // MARK: Deadlines

    @Test func upstreamThatKeepsStillIsTimedOut() throws {
        for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na"] {
            let played = try PlayedClient { $0.silence = .seconds(10) }
            let call = played.send()
            played.loop.advance(by: .seconds(9))
            if !begun.isEmpty { played.streams[0].send(begun) }
            played.loop.advance(by: .seconds(begun.isEmpty ? 0 : 9))
            #expect(call.outcome == nil)
            played.loop.advance(by: .seconds(1))
            #expect(call.outcome == .failed(.timedOut(.silence)))
            #expect(played.streams[0].closing == .aborted)
            #expect(played.loop.pendingTimerCount == 0)
        }
    }

    @Test func upstreamThatTakesBytesIsNotTimedOutAndOneThatTakesNoneIs() throws {
        let played = try PlayedClient { $0.silence = .seconds(10) }
        played.loop.window = 10
        let call = played.send(body: .bytes([UInt8](repeating: 0, count: 100_000)))
        for _ in 0..<5 {
            played.loop.advance(by: .seconds(9))
            played.streams[0].take(1)
        }
        #expect(call.outcome == nil)
        played.loop.advance(by: .seconds(20))
        #expect(call.outcome == .failed(.timedOut(.silence)))
    }

    @Test func clientThatReadsNothingOrWritesSlowlyIsNotTheUpstreamsFault() throws {
        let played = try PlayedClient { $0.silence = .seconds(10) }
        let call = played.send(body: .stream(length: nil))
        played.loop.advance(by: .seconds(100))
        #expect(call.outcome == nil)
        played.loop.turn { call.call?.finishBody() }
        played.loop.advance(by: .seconds(9))
        played.loop.turn { call.call?.pauseReading() }
        played.loop.advance(by: .seconds(100))
        #expect(call.outcome == nil)
        played.loop.turn { call.call?.resumeReading() }
        played.loop.advance(by: .seconds(9))
        #expect(call.outcome == nil)
        played.loop.advance(by: .seconds(1))
        #expect(call.outcome == .failed(.timedOut(.silence)))
    }

    // MARK: Back-pressure

    @Test func pausedCallReadsNothing() throws {
        let played = try PlayedClient()
        let call = played.send()
        call.onHead = { call.call?.pauseReading() }
        played.streams[0].send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
        played.streams[0].send("ab")
        played.streams[0].send("cd")
        #expect(call.body.isEmpty)
        played.loop.turn { call.call?.resumeReading() }
        #expect(call.body == "abcd")
        #expect(call.outcome == .ended(.framed))
    }

    /// A connection that was paused at the response's end reads on, or its own end would not show.
    @Test func connectionThatIsPausedAtTheEndReadsOn() throws {
        let played = try PlayedClient()
        let call = played.send()
        call.onBody = { call.call?.pauseReading() }
        played.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
        #expect(!played.streams[0].isPaused)
        #expect(played.client.idleConnectionCount == 1)
        played.streams[0].end()
        #expect(played.client.idleConnectionCount == 0)
    }

    @Test func callThatIsPausedBeforeItIsConnectedReadsNothing() throws {
        let played = try PlayedClient()
        let handler = PlayedCall()
        played.loop.turn {
            handler.call = played.client.send(
                ClientRequest(
                    origin: PlayedClient.origin, method: Array("GET".utf8),
                    target: Array("/".utf8)), handler: handler)
            handler.call?.pauseReading()
        }
        played.streams[0].send(PlayedClient.ok)
        #expect(handler.head == nil)
        played.loop.turn { handler.call?.resumeReading() }
        #expect(handler.outcome == .ended(.framed))
    }

    // MARK: Giving up

    @Test func cancelledCallHearsNothingMore() throws {
        for point in 0..<4 {
            let played = try PlayedClient()
            if point == 0 { played.loop.names = [:] }
            if point == 1 { played.loop.peers[try PlayedClient.address(1, port: 80)] = .isSilent }
            let call = played.send()
            if point == 3 {
                played.streams[0].send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na")
            }
            played.loop.turn { call.call?.cancel() }
            played.loop.advance(by: .seconds(1000))
            #expect(call.outcome == nil)
            #expect(call.call?.isOver == true)
            #expect(played.streams.allSatisfy { $0.closing == .aborted })
            #expect(played.loop.pendingTimerCount == 0)
        }
    }

    @Test func callMayBeCancelledWithinItsCallbacks() throws {
        for point in 0..<2 {
            let played = try PlayedClient()
            let call = played.send()
            if point == 0 { call.onHead = { call.call?.cancel() } }
            if point == 1 { call.onBody = { call.call?.cancel() } }
            played.streams[0].send(PlayedClient.ok + "and more")
            #expect(call.body == (point == 0 ? "" : "ok"))
            #expect(call.outcome == nil)
            #expect(played.streams[0].closing == .aborted)
            #expect(played.client.idleConnectionCount == 0)
        }
    }

    @Test func shutdownClosesWhatNobodyUsesAndKeepsNothingMore() throws {
        let played = try PlayedClient()
        let slow = played.send("GET", "/slow")
        let fast = played.send("GET", "/fast")
        played.streams[1].send(PlayedClient.ok)
        #expect(fast.outcome == .ended(.framed))
        played.loop.turn { played.client.shutDown() }
        #expect(played.streams[1].closing == .closed)
        #expect(played.streams[0].isOpen)
        played.streams[0].send(PlayedClient.ok)
        #expect(slow.outcome == .ended(.framed))
        #expect(played.streams[0].closing == .closed)
        #expect(played.loop.pendingTimerCount == 0)
    }
}
