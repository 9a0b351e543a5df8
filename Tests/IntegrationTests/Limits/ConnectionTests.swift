import RepriseSimulator
import Testing

/// Slow, silent, hasty and half-closed clients.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ConnectionTests {
    @Test(arguments: ["POST /v1/chat/comp", "GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: "])
    func headThatDoesNotArriveIsAnswered408(begun: String) async throws {
        try await ServedProxy.with(
            upstream: "http://127.0.0.1:1", ["--header-timeout", "100ms"]
        ) { proxy in
            let responses = try await WireConnection.exchange(begun, port: proxy.port)
            #expect(responses.map(\.status) == [408])
            #expect(responses.first?.field("connection") == "close")
            #expect(ProxyErrorBody(responses.first?.text ?? "")?.code == "request_timeout")
        }
    }

    @Test func headTimeoutRunsForTheSecondRequestToo() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--header-timeout", "100ms"]
            ) { proxy in
                let responses = try await WireConnection.exchange(
                    WireConnection.chatRequest("hello") + "POST /v1/chat", port: proxy.port)
                #expect(responses.map(\.status) == [200, 408])
            }
        }
    }

    /// RFC 9112 §9.6: `close` in a request is about what follows its own answer.
    @Test func closingRequestBehindOthersLosesNoAnswer() async throws {
        let health = "GET /health HTTP/1.1\r\nHost: a\r\n"
        try await ServedProxy.with(upstream: "http://127.0.0.1:1") { proxy in
            let responses = try await WireConnection.exchange(
                "\(health)\r\n\(health)\r\n\(health)Connection: close\r\n\r\n", port: proxy.port)
            #expect(responses.map(\.status) == [200, 200, 200])
        }
    }

    @Test func idleConnectionIsClosedWithoutAWord() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--client-idle-timeout", "1s"]
            ) { proxy in
                let silent = try await WireConnection.exchange("", port: proxy.port)
                #expect(silent.isEmpty)
                let used = try await WireConnection.exchange(
                    WireConnection.chatRequest("hello"), port: proxy.port)
                #expect(used.map(\.status) == [200])
            }
        }
    }

    @Test func slowUpstreamIsNoIdleClient() async throws {
        let gate = Gate()
        let script = Script.always(.json(Chat.answer("late")).gated(by: gate))
        try await SimulatedUpstream.run(script) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--client-idle-timeout", "1s"]
            ) { proxy in
                async let answer = proxy.ask("slow")
                await gate.waitForArrivals()
                // Begun later than the waiting one, so that one has been idle for longer.
                for _ in 0..<2 {
                    _ = try await WireConnection.exchange("", port: proxy.port)
                }
                gate.open()
                #expect(try await answer.text == Chat.answer("late"))
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let gate = Gate()
        let script = Script(
            rules: [
                .init(path: "/v1/slow", answers: [.json("{\"place\":1}").gated(by: gate)])
            ],
            otherwise: Script { request in
                .json(Chat.answer(request.bodyText.contains("third") ? "3" : "2"))
            })
        try await SimulatedUpstream.run(script) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                // So that the pipelined one is a hit, which must not overtake.
                #expect(try await proxy.ask("second").isStoredMiss)
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(
                        "GET /v1/slow HTTP/1.1\r\nHost: a\r\n\r\n"
                            + WireConnection.chatRequest("second")
                            + WireConnection.chatRequest("third")
                            + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                    await gate.waitForArrivals()
                    gate.open()
                    await connection.read(through: "{\"ok\":true}")
                    let bodies = connection.responses.map(\.text)
                    #expect(
                        bodies == [
                            "{\"place\":1}", Chat.answer("2"), Chat.answer("3"), "{\"ok\":true}",
                        ])
                }
            }
        }
    }

    @Test func halfClosedClientIsAnsweredFromTheCache() async throws {
        try await SimulatedUpstream.run(.always(.json(Chat.answer("whole")))) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                #expect(try await proxy.ask("half").isStoredMiss)
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("half"))
                    connection.finishSending()
                    #expect(await connection.readToEnd() == .closed)
                    #expect(connection.responses.map(\.text) == [Chat.answer("whole")])
                }
            }
        }
    }

    /// One that closes its side while it waits counts as gone; what it asked for is still stored.
    @Test func halfClosedClientThatWaitsHasLeft() async throws {
        let gate = Gate()
        let script = Script.always(.json(Chat.answer("paid for")).gated(by: gate))
        try await SimulatedUpstream.run(script) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("half"))
                    await gate.waitForArrivals()
                    connection.finishSending()
                    await connection.readToEnd()
                    #expect(!connection.responses.contains { $0.status == 200 })
                }
                gate.open()
                let answer = try await proxy.ask("half")
                #expect(answer.text == Chat.answer("paid for"))
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func requestCutInItsBodyIsNotForwardedAsAWhole() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin) { proxy in
                let whole = WireConnection.chatRequest("cut")
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(String(whole.dropLast(5)))
                    connection.finishSending()
                    await connection.readToEnd()
                    #expect(!connection.responses.contains { $0.status == 200 })
                }
                #expect(upstream.requestCount == 0)
                #expect(try await proxy.send(.get, "/health").status == 200)
            }
        }
    }
}
