import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// Requests whose bodies are still coming, over real sockets.
@Suite(.timeLimit(.minutes(5)))
struct RequestUploadTests {
    private static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    @Test func uploadOfKnownLengthIsSentAsItIs() async throws {
        try await ScriptedServer.run { _, text in
            text.hasSuffix("three") ? .send(Self.ok) : .wait
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                for _ in 0..<2 {
                    let body = UploadStream("one", "", "two", "three")
                    let result = try await client.send(body: .stream(body, length: 11))
                    #expect(result.body == "ok")
                }
                let request =
                    "POST / HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\ncontent-length: 11\r\n\r\n"
                    + "onetwothree"
                #expect(server.texts.joined() == request + request)
            }
        }
    }

    @Test func uploadOfUnknownLengthIsChunkedAndLeavesTheConnectionFree() async throws {
        try await ScriptedServer.run { _, text in
            text.hasSuffix("\r\n0\r\n\r\n") ? .send(Self.ok) : .wait
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let body = UploadStream("one", String(repeating: "x", count: 17))
                let result = try await client.send(body: .stream(body, length: nil))
                #expect(result.body == "ok")
                #expect(
                    server.texts.first?.hasSuffix(
                        "transfer-encoding: chunked\r\n\r\n3\r\none\r\n11\r\n"
                            + String(repeating: "x", count: 17) + "\r\n0\r\n\r\n") == true)
            }
        }
    }

    @Test(
        arguments: [
            (UploadStream("ab"), 3), (UploadStream("ab", "cd"), 3), (UploadStream("a"), 0),
            (UploadStream("ab", then: .broken), 3), (UploadStream("ab", then: .broken), nil),
        ] as [(UploadStream, Int64?)])
    func uploadThatIsNotWhatItsHeadSaysIsCut(body: UploadStream, length: Int64?) async throws {
        try await ScriptedServer.run { _, _ in
            .wait
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let result = try await client.send(body: .stream(body, length: length))
                guard case .unsendable = result.error else {
                    Issue.record("\(result)")
                    return
                }
                try await server.waitForOpen(0)
                #expect(!server.texts.joined().hasSuffix("\r\n0\r\n\r\n"))
                #expect(!server.texts.joined().contains("cd"))
            }
        }
    }

    @Test func emptyUploadIsSent() async throws {
        try await ScriptedServer.run { _, text in
            text.hasSuffix("\r\n\r\n") ? .send(Self.ok) : .wait
        } _: { _, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let result = try await client.send(body: .stream(UploadStream(), length: 0))
                #expect(result.body == "ok")
            }
        }
    }

    /// The server has said all there is to say: the rest of the body is of no use to it.
    @Test func earlyAnswerComesWholeAndEndsUploadAndConnection() async throws {
        let answer = String(repeating: "no", count: 50_000)
        try await ScriptedServer.run { _, text in
            .send("HTTP/1.1 413 Too Large\r\ncontent-length: \(answer.utf8.count)\r\n\r\n\(answer)")
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let body = UploadStream("begun", then: .never)
                let result = try await client.send(body: .stream(body, length: 1 << 30))
                #expect(result.head?.status == 413)
                #expect(result.body == answer)
                #expect(result.error == nil)
                try await server.waitForOpen(0)
            }
        }
    }

    @Test func earlyAnswerOfAServerThatReadsNoMoreComesWhole() async throws {
        let answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"
        try await ScriptedServer.run { _, _ in
            .close(answer)
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let pieces = Array(repeating: ByteBuffer(repeating: 0, count: 1 << 20), count: 64)
                for body in [
                    .stream(UploadStream(pieces), length: nil),
                    .bytes(ByteBuffer(repeating: 0, count: 64 << 20)),
                ] as [UpstreamRequest.Body] {
                    let result = try await client.send(body: body)
                    #expect(result.head?.status == 413)
                    #expect(result.body == "no")
                    #expect(result.error == nil)
                }
            }
        }
    }

    @Test func answerStreamsWhileTheUploadGoesOn() async throws {
        try await ScriptedServer.run { _, text in
            text.hasSuffix("first")
                ? .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n") : .wait
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let body = UploadStream("first", then: .never)
                let call = try await client.begin(body: .stream(body, length: 10))
                try await call.waitForHead()
                server.send("3\r\n all\r\n", on: 0)
                call.cancel()
                #expect(try await call.result().error == .connectionLost)
                try await server.waitForOpen(0)
            }
        }
    }

    @Test func slowClientIsNotTheServersFault() async throws {
        try await ScriptedServer.run { _, text in
            text.hasSuffix("last") ? .send(Self.ok) : .wait
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") {
                $0.idleTimeout = .seconds(1)
            } _: { client in
                let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
                let call = try await client.begin(body: .stream(stream, length: 9))
                continuation.yield(ByteBuffer(string: "first"))
                try await server.wait(for: "first", on: 0)
                try await Task.sleep(for: .milliseconds(2500))
                continuation.yield(ByteBuffer(string: "last"))
                #expect(try await call.result().body == "ok")
            }
        }
    }

    @Test func serverThatTakesNothingHoldsTheUploadBack() async throws {
        try await ScriptedServer.run { _, _ in
            .stopReading
        } _: { server, port in
            try await ClientUnderTest.run("http://127.0.0.1:\(port)") { client in
                let pieces = Array(repeating: ByteBuffer(repeating: 0, count: 1 << 20), count: 128)
                let body = UploadStream(pieces)
                let call = try await client.begin(body: .stream(body, length: 128 << 20))
                try await server.wait(for: "\r\n\r\n", on: 0)
                try await Task.sleep(for: .milliseconds(100))
                #expect(!body.isTaken)
                call.cancel()
                #expect(try await call.result().error == .connectionLost)
            }
        }
    }

    @Test func uploadThatNobodyRunsFailsTheCall() async throws {
        try await ScriptedServer.run { _, _ in
            .wait
        } _: { server, port in
            let eventLoop = server.eventLoop
            let client = UpstreamClient(
                ProxyConfiguration(upstreams: [.init(baseURL: "http://127.0.0.1:\(port)")]),
                on: [eventLoop], launch: { _ in false })
            let test = ClientUnderTest(client: client, eventLoop: eventLoop)
            let result = try await test.send(body: .stream(UploadStream("a"), length: 1))
            #expect(result.error == .connectionLost)
            #expect(server.texts.isEmpty)
        }
    }
}
