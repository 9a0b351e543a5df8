import RepriseSimulator
import Testing

/// A stream on its way through: each event at once, and a cut stays a cut.
@Suite(.timeLimit(.minutes(5)))
struct LiveStreamTests {
    @Test func eachEventArrivesBeforeTheNextIsSent() async throws {
        let events = Chat.events("one", "two", "three")
        let gates = events.indices.map { Gate("before event \($0)") }
        var steps: [SimulatedResponse.Step] = [
            .head(status: 200, headers: [("content-type", "text/event-stream")], framing: .chunked)
        ]
        for (event, gate) in zip(events, gates) {
            steps += [.pause(gate), .bytes(Array(event.utf8))]
        }
        let response = SimulatedResponse(steps)
        try await SimulatedUpstream.run(.always(response)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("a"))
                    await connection.read(through: "\r\n\r\n")
                    #expect(connection.text.contains("reprise; fwd=uri-miss; stored"))
                    for (event, gate) in zip(events, gates) {
                        await gate.waitForArrivals()
                        gate.open()
                        await connection.read(through: event)
                    }
                    await connection.read(through: "0\r\n\r\n")
                }
                let hit = try await proxy.ask("a")
                #expect(hit.isHit)
                #expect(hit.text == events.joined())
            }
        }
    }

    struct Cut: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let response: SimulatedResponse
    }

    static let eventHead = ("content-type", "text/event-stream")
    static let cuts: [Cut] = [
        Cut(
            testDescription: "FIN after an event",
            response: .eventStream(Chat.events("one", "two")).broken(afterPieces: 1, by: .cut)),
        Cut(
            testDescription: "the last chunk is missing",
            response: .eventStream(Chat.events("one", "two")).broken(afterPieces: 3, by: .cut)),
        Cut(
            testDescription: "a content length that is not reached",
            response: SimulatedResponse([
                .head(status: 200, headers: [eventHead], framing: .contentLength(10_000)),
                .bytes(Array(Chat.events("one", "two").joined().utf8)), .cut,
            ])),
    ]

    @Test(arguments: cuts)
    func upstreamsCutCutsTheClientAndStoresNothing(_ cut: Cut) async throws {
        let whole = SimulatedResponse.eventStream(Chat.events("one", "two"))
        try await SimulatedUpstream.run(.sequence([cut.response, whole])) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("a"))
                    await connection.readToEnd()
                    #expect(connection.text.hasPrefix("HTTP/1.1 200 "))
                    #expect(connection.text.contains("one"))
                    #expect(!connection.text.contains("\r\n0\r\n"))
                }
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func upstreamsResetCutsTheClientAndStoresNothing() async throws {
        let gate = Gate("before the reset")
        let events = Chat.events("one", "two")
        let broken = SimulatedResponse([
            .head(status: 200, headers: [Self.eventHead], framing: .chunked),
            .bytes(Array(events[0].utf8)), .pause(gate), .reset,
        ])
        try await SimulatedUpstream.run(.sequence([broken, .eventStream(events)])) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("a"))
                    await connection.read(through: events[0])
                    gate.open()
                    await connection.readToEnd()
                    #expect(!connection.text.contains("\r\n0\r\n"))
                }
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
            }
        }
    }

    @Test func jsonThatBreaksOffIsAnErrorAndNotHalfAnAnswer() async throws {
        let broken = SimulatedResponse([
            .head(
                status: 200, headers: [("content-type", "application/json")],
                framing: .contentLength(999)), .bytes(Array(#"{"id":"#.utf8)), .cut,
        ])
        try await SimulatedUpstream.run(
            .sequence([broken, .json(Chat.answer("whole"))])
        ) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let reply = try await proxy.ask("a")
                #expect(reply.status == 502)
                #expect(reply.errorCode == "upstream_connection_lost")
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
            }
        }
    }

    @Test(
        arguments: [
            (type: "text/event-stream", body: Chat.events("a", "b").joined(), detail: nil),
            (type: "application/json", body: Chat.answer("a"), detail: "framing"),
        ] as [(type: String, body: String, detail: String?)])
    func bodyThatTheConnectionsEndDelimitsIsPassedOnAndNotStored(
        type: String, body: String, detail: String?
    ) async throws {
        let response = SimulatedResponse([
            .head(status: 200, headers: [("content-type", type)], framing: .untilClose),
            .bytes(Array(body.utf8)), .end(),
        ])
        try await SimulatedUpstream.run(.always(response)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                for count in 1...2 {
                    let reply = try await proxy.ask("a")
                    #expect(reply.text == body)
                    #expect(!reply.isHit)
                    if let detail {
                        #expect(reply.cacheStatus == "reprise; fwd=uri-miss; detail=\(detail)")
                    }
                    #expect(upstream.requestCount == count)
                }
            }
        }
    }
}
