import NIOCore
import NIOPosix
import RepriseCore
import Testing

@testable import RepriseProxy

/// Exchanges over real sockets, with a server that does as it is told.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamClientTests {
    private static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    /// Answers each whole request that has no body.
    private static func always(_ answer: String) -> ScriptedServer.Script {
        { _, text in text.hasSuffix("\r\n\r\n") ? .send(answer) : .wait }
    }

    @Test func connectionIsUsedAgain() async throws {
        try await ScriptedServer.run(Self.always(Self.ok)) { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)/v1") { client in
                for _ in 0..<3 {
                    let result = try await client.send("GET", "/a", query: "b=c")
                    #expect(result.head?.status == 200)
                    #expect(result.body == "ok")
                    #expect(result.isFramed == true)
                    #expect(result.error == nil)
                }
                let request = "GET /v1/a?b=c HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n\r\n"
                #expect(server.texts == [request + request + request])
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
    ])
    func connectionThatCannotBeUsedAgainIsClosed(answer: String) async throws {
        try await ScriptedServer.run(Self.always(answer)) { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                for count in 1...2 {
                    let result = try await client.send()
                    #expect(result.body == "ok")
                    #expect(result.error == nil)
                    try await server.waitForOpen(0)
                    #expect(server.texts.count == count)
                }
            }
        }
    }

    @Test func bodyThatTheConnectionsEndDelimitsIsPassedOn() async throws {
        try await ScriptedServer.run { _, _ in
            .close("HTTP/1.1 200 OK\r\n\r\nall of it")
        } _: { _, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let result = try await client.send()
                #expect(result.body == "all of it")
                #expect(result.isFramed == false)
                #expect(result.error == nil)
            }
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n", "rubbish\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    ])
    func responseThatBreaksOffIsLost(part: String) async throws {
        try await ScriptedServer.run { _, _ in
            .close(part)
        } _: { _, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let result = try await client.send()
                #expect(result.error == .connectionLost)
                #expect(part.hasSuffix("part") || part.hasSuffix("part\r\n") || result.head == nil)
            }
        }
    }

    @Test(arguments: [true, false])
    func connectionThatTheServerEndsOrSpoilsMeanwhileIsNotUsed(isClosed: Bool) async throws {
        try await ScriptedServer.run(Self.always(Self.ok)) { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                #expect(try await client.send().error == nil)
                if isClosed {
                    server.close(0)
                } else {
                    server.send("HTTP/1.1 408 Request Timeout\r\n\r\n", on: 0)
                }
                try await server.waitForOpen(0)
                // Of a connection that is made now, the event loop does not hear before it has heard
                // of what has come on that one.
                try await ClientBootstrap(group: client.eventLoop)
                    .connect(host: "127.0.0.1", port: port).get().close()
                #expect(try await client.send().error == nil)
                #expect(server.texts.count == 3)
            }
        }
    }

    @Test func connectionThatNobodyUsesIsClosedAfterAWhile() async throws {
        try await ScriptedServer.run { _, _ in
            .wait
        } _: { server, port in
            try await ClientUnderTest.run(
                "http://127.0.0.1:\(port)", keepAlive: .milliseconds(20)
            ) { client in
                let calls = try await [client.begin(), client.begin()]
                // None is answered before both have a connection of their own.
                for number in calls.indices {
                    try await server.wait(for: "\r\n\r\n", on: number)
                }
                for number in calls.indices { server.send(Self.ok, on: number) }
                for call in calls { #expect(try await call.result().error == nil) }
                try await server.waitForOpen(0)
                #expect(server.texts.count == 2)
            }
        }
    }

    @Test func shutdownClosesWhatNobodyUsesAndKeepsNothingMore() async throws {
        try await ScriptedServer.run { _, text in
            text.hasPrefix("GET /slow") ? .wait : .send(Self.ok)
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let slow = try await client.begin("GET", "/slow")
                try await server.wait(for: "\r\n\r\n", on: 0)
                #expect(try await client.send().error == nil)
                await client.client.shutDown()
                try await server.waitForOpen(1)
                server.send(Self.ok, on: 0)
                #expect(try await slow.result().body == "ok")
                try await server.waitForOpen(0)
            }
        }
    }

    // MARK: No connection

    @Test(arguments: ["127.0.0.1", "localhost"])
    func refusedConnectionIsUnreachable(host: String) async throws {
        let port = try await ScriptedServer.run(Self.always("")) { _, port in port }
        try await ClientUnderTest.run("http://\(host):\(port)") { client in
            let result = try await client.send()
            #expect(result.error == .unreachable("\(host):\(port): Connection refused"))
        }
    }

    @Test func unknownHostIsUnreachable() async throws {
        try await ClientUnderTest.run("http://nowhere.invalid") { client in
            let result = try await client.send()
            #expect(result.error == .unreachable("nowhere.invalid:80: no address found"))
        }
    }

    @Test func serverThatDoesNotSpeakTLSIsUnreachable() async throws {
        try await ScriptedServer.run { _, _ in
            .send("HTTP/1.1 400 Bad Request\r\n\r\n")
        } _: { _, port in
            try await ClientUnderTest.run("https://127.0.0.1:\(port)") { client in
                guard case .unreachable(let text) = try await client.send().error else {
                    Issue.record("a response came")
                    return
                }
                #expect(text.hasPrefix("127.0.0.1:\(port): TLS failed"))
            }
        }
    }

    @Test func handshakeThatIsNotAnsweredIsTimedOut() async throws {
        try await ScriptedServer.run { _, _ in
            .wait
        } _: { server, port in
            try await ClientUnderTest.run("https://127.0.0.1:\(port)") {
                $0.connectTimeout = .milliseconds(50)
            } _: { client in
                #expect(try await client.send().error == .timedOut)
                try await server.waitForOpen(0)
            }
        }
    }

    @Test(arguments: ["a b", "ftp://a"])
    func upstreamWithoutAURLIsAnError(base: String) async throws {
        try await ClientUnderTest.run(base) { client in
            guard case .unsendable = try await client.send().error else {
                Issue.record("it was sent")
                return
            }
        }
    }

    @Test func requestThatCannotBeSentOpensNoConnection() async throws {
        try await ScriptedServer.run(Self.always(Self.ok)) { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                guard case .unsendable = try await client.send("GET", "/a b").error else {
                    Issue.record("it was sent")
                    return
                }
                #expect(server.texts.isEmpty)
            }
        }
    }

    // MARK: Keeping still

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na"])
    func silentServerIsTimedOut(begun: String) async throws {
        try await ScriptedServer.run { _, _ in
            .send(begun)
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") {
                $0.idleTimeout = .seconds(1)
            } _: { client in
                let result = try await client.send()
                #expect(result.error == .timedOut)
                #expect(result.body == (begun.isEmpty ? "" : "a"))
                try await server.waitForOpen(0)
            }
        }
    }

    @Test func serverThatTakesNoneOfABodyIsTimedOut() async throws {
        try await ScriptedServer.run { _, _ in
            .stopReading
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") {
                $0.idleTimeout = .milliseconds(50)
            } _: { client in
                let body = ByteBuffer(repeating: 0, count: 32 << 20)
                let upload = UploadStream([body])
                for body in [.bytes(body), .stream(upload, length: nil)] as [UpstreamRequest.Body] {
                    let result = try await client.send(body: body)
                    #expect(result.error == .timedOut)
                }
            }
        }
    }

    @Test func cancelledCallClosesItsConnection() async throws {
        try await ScriptedServer.run { _, _ in
            .send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na")
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let call = try await client.begin()
                try await call.waitForHead()
                call.cancel()
                #expect(try await call.result().error == .connectionLost)
                try await server.waitForOpen(0)
            }
        }
    }

    @Test func callThatIsCancelledAtOnceEnds() async throws {
        try await ScriptedServer.run { _, _ in
            .wait
        } _: { server, port in
            for scheme in ["http", "https"] {
                try await ClientUnderTest.run("\(scheme)://127.0.0.1:\(port)") { client in
                    let call = try await client.begin()
                    call.cancel()
                    #expect(try await call.result().error == .connectionLost)
                }
            }
        }
    }

    @Test func receiverWithoutRoomHoldsTheServerBack() async throws {
        let piece = String(repeating: "x", count: 1 << 20)
        let count = 64
        try await ScriptedServer.run { _, _ in
            .send("HTTP/1.1 200 OK\r\ncontent-length: \(count << 20)\r\n\r\n")
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let call = try await client.begin(room: 1000)
                try await call.waitForHead()
                for _ in 0..<count { server.send(piece, on: 0) }
                try await Task.sleep(for: .milliseconds(100))
                #expect(try await call.receivedCount < 2 << 20)
                call.makeRoom(1 << 30)
                let result = try await call.result()
                #expect(result.error == nil)
                #expect(result.body.utf8.count == count << 20)
            }
        }
    }
}
