import Testing

@testable import RepriseNetwork

/// Which connections are used again, and which requests are sent again.
struct ConnectionReuseTests {
    @Test func connectionIsUsedAgain() throws {
        let played = try PlayedClient()
        for _ in 0..<3 { _ = played.warmUp() }
        #expect(played.streams.count == 1)
        let request = "GET / HTTP/1.1\r\nhost: api.test\r\n\r\n"
        #expect(played.streams[0].text == request + request + request)
        played.loop.advance(by: .seconds(61))
        #expect(played.streams[0].closing == .closed)
        #expect(played.loop.pendingTimerCount == 0)
    }

    @Test func connectionThatWasUsedLastIsTakenFirst() throws {
        let played = try PlayedClient()
        let calls = (0..<3).map { _ in played.send() }
        for number in [2, 0, 1] { played.streams[number].send(PlayedClient.ok) }
        #expect(calls.allSatisfy { $0.outcome == .ended(.framed) })
        played.send("GET", "/next")
        #expect(played.streams.map { $0.text.contains("/next") } == [false, true, false])
    }

    @Test func connectionsOfOneOriginAreNotAnothers() throws {
        let played = try PlayedClient()
        _ = played.warmUp()
        for origin in [
            Origin(isSecure: false, host: "api.test", port: 81),
            Origin(isSecure: true, host: "api.test", port: 80),
        ] {
            let before = played.streams.count
            played.send(to: origin)
            #expect(played.streams.count == before + 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: a, CLOSE\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=9, max=0\r\n\r\nok",
    ])
    func connectionThatCannotBeUsedAgainIsClosed(answer: String) throws {
        let played = try PlayedClient()
        let call = played.send()
        played.streams[0].send(answer)
        #expect(call.body == "ok")
        #expect(call.outcome == .ended(.framed))
        #expect(played.streams[0].closing == .closed)
        #expect(played.client.idleConnectionCount == 0)
    }

    @Test func connectionIsClosedThatTheRequestSaysIsTheLast() throws {
        let played = try PlayedClient()
        played.send(fields: [(Array("Connection".utf8), Array("close".utf8))])
        played.streams[0].send(PlayedClient.ok)
        #expect(played.streams[0].closing == .closed)
    }

    @Test(arguments: ["HTTP/1.1 408 Request Timeout\r\n\r\n", "\r\n", PlayedClient.ok, "x"])
    func bytesThatNobodyAskedForEndAnIdleConnection(bytes: String) throws {
        let played = try PlayedClient()
        let stream = try #require(played.warmUp())
        stream.send(bytes)
        #expect(stream.closing == .closed)
        #expect(played.client.idleConnectionCount == 0)
        #expect(played.loop.pendingTimerCount == 0)
    }

    @Test func endOfAnIdleConnectionIsItsEnd() throws {
        for reason in [nil, .reset, .truncated] as [StreamCloseReason?] {
            let played = try PlayedClient()
            let stream = try #require(played.warmUp())
            if let reason { stream.breakOff(reason) } else { stream.end() }
            #expect(played.client.idleConnectionCount == 0)
            #expect(played.warmUp() !== stream)
        }
    }

    /// What has arrived is seen before a connection is taken.
    @Test(arguments: ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"])
    func connectionWhoseEndHasArrivedIsNotTaken(bytes: String) throws {
        let played = try PlayedClient()
        let stream = try #require(played.warmUp())
        stream.sendUnseen(bytes, ends: bytes.isEmpty)
        let call = played.send("GET", "/next")
        #expect(played.streams.count == 2)
        #expect(!stream.text.contains("/next"))
        played.streams[1].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
    }

    @Test func connectionIsKeptForLessTimeThanTheUpstreamSays() throws {
        for (age, isKept) in [(3, true), (4, false)] {
            let played = try PlayedClient()
            played.send()
            played.streams[0].send(
                "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=7\r\ncontent-length: 0\r\n\r\n")
            played.loop.advance(by: .seconds(age))
            #expect(played.streams[0].isOpen == isKept)
        }
    }

    @Test func oldConnectionIsNotUsedAgain() throws {
        let played = try PlayedClient { $0.connectionLifetime = .seconds(100) }
        let stream = try #require(played.warmUp())
        for _ in 0..<2 {
            played.loop.advance(by: .seconds(40))
            #expect(played.warmUp() === stream)
        }
        played.loop.advance(by: .seconds(20))
        #expect(stream.closing == .closed)
    }

    @Test func idleConnectionsAreBounded() throws {
        let played = try PlayedClient { $0.mostIdle = 3 }
        let calls = (0..<5).map { _ in played.send() }
        for stream in played.streams { stream.send(PlayedClient.ok) }
        #expect(calls.allSatisfy { $0.outcome == .ended(.framed) })
        #expect(played.streams.map(\.isOpen) == [false, false, true, true, true])
        #expect(played.client.idleConnectionCount == 3)
    }

    // MARK: Sending again

    private static let long = ClientRequest.Body.bytes([UInt8](repeating: 120, count: 100_000))

    /// The connection had been kept, was dead, and part of the request never left.
    @Test func requestThatCannotHaveArrivedIsSentOnceMore() throws {
        for isReset in [true, false] {
            let played = try PlayedClient()
            played.loop.window = 1000
            let stream = try #require(played.warmUp())
            let call = played.send("POST", "/paid", body: Self.long)
            #expect(played.streams.count == 1)
            played.loop.window = .max
            if isReset { stream.breakOff() } else { stream.end() }
            #expect(call.outcome == nil)
            #expect(played.streams.count == 2)
            #expect(played.streams[1].text.hasPrefix("POST /paid HTTP/1.1\r\n"))
            #expect(played.streams[1].taken.count > 100_000)
            played.streams[1].send(PlayedClient.ok)
            #expect(call.outcome == .ended(.framed))
            #expect(stream.isOpen == false)
        }
    }

    @Test func requestIsSentOnceMoreAtMost() throws {
        let played = try PlayedClient()
        played.loop.window = 1000
        let stream = try #require(played.warmUp())
        let call = played.send(body: Self.long)
        stream.breakOff()
        #expect(played.streams.count == 2)
        played.streams[1].breakOff()
        #expect(call.outcome == .failed(.closedBeforeHead(.reset)))
        #expect(played.streams.count == 2)
    }

    /// The second time goes by a fresh connection: those beside a dead one are dead as well.
    @Test func requestIsSentOnceMoreOnAFreshConnection() throws {
        let played = try PlayedClient()
        played.loop.window = 1000
        for _ in 0..<2 { played.send("GET") }
        for stream in played.streams { stream.send(PlayedClient.ok) }
        #expect(played.client.idleConnectionCount == 2)
        played.send(body: Self.long)
        played.streams[1].breakOff()
        #expect(played.streams.count == 3)
        #expect(!played.streams[0].text.contains("POST"))
    }

    @Test func requestThatMayHaveArrivedIsNotSentAgain() throws {
        for isReset in [true, false] {
            let played = try PlayedClient()
            let stream = try #require(played.warmUp())
            let call = played.send(body: Self.long)
            if isReset { stream.breakOff() } else { stream.end() }
            #expect(call.outcome == .failed(.closedBeforeHead(isReset ? .reset : .ended)))
            #expect(played.streams.count == 1)
        }
    }

    @Test func requestThatWasAnsweredIsNotSentAgain() throws {
        for answer in ["H", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
            let played = try PlayedClient()
            played.loop.window = 1000
            let stream = try #require(played.warmUp())
            let call = played.send(body: Self.long)
            stream.send(answer)
            stream.breakOff()
            #expect(call.outcome != nil)
            #expect(played.streams.count == 1)
        }
    }

    @Test func requestOnAFreshConnectionIsNotSentAgain() throws {
        let played = try PlayedClient()
        played.loop.window = 1000
        let call = played.send(body: Self.long)
        played.streams[0].breakOff()
        #expect(call.outcome == .failed(.closedBeforeHead(.reset)))
        #expect(played.streams.count == 1)
    }

    @Test func streamedBodyIsNeverSentAgain() throws {
        let played = try PlayedClient()
        played.loop.window = 60
        let stream = try #require(played.warmUp())
        let call = played.send(body: .stream(length: 1000))
        #expect(call.isWanted)
        stream.breakOff()
        #expect(call.outcome == .failed(.closedBeforeHead(.reset)))
        #expect(played.streams.count == 1)
    }

    // MARK: Keep-Alive

    @Test(
        arguments: [
            ("timeout=5", .seconds(5), false), ("Timeout=5, max=100", .seconds(5), false),
            ("max=0", nil, true), ("timeout=, max", nil, false), ("timeout=x", nil, false),
            ("timeout=99999999999999999999", nil, false), ("", nil, false),
            ("timeout=-1", nil, false), (",timeout=0,", .zero, false),
        ] as [(String, Duration?, Bool)])
    func fieldIsReadAsFarAsItIsUnderstood(
        value: String, timeout: Duration?, isLast: Bool
    ) {
        let wish = KeepAliveWish(Array(value.utf8))
        #expect(wish.timeout == timeout)
        #expect(wish.isLast == isLast)
    }
}
