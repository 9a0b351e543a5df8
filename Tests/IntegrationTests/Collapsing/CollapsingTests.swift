import RepriseSimulator
import Testing

@testable import reprise

/// Many identical requests at once are one upstream call.
@Suite(.timeLimit(.minutes(5)))
struct CollapsingTests {
    /// Asks the same `count` times at once, and opens the gate when `isReady` returns.
    private func crowd(
        _ count: Int, _ proxy: RunningProxy, stream: Bool = false, gate: Gate
    ) async throws -> [Reply] {
        try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<count {
                group.addTask { try await proxy.ask("a", stream: stream) }
            }
            await gate.waitForArrivals()
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func thousandIdenticalRequestsAreOneCall() async throws {
        let gate = Gate("answer")
        let answer = SimulatedResponse.json(Chat.answer("a")).gated(by: gate)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let replies = try await crowd(1_000, proxy, gate: gate)
                #expect(replies.count == 1_000)
                #expect(replies.allSatisfy { $0.status == 200 && $0.text == Chat.answer("a") })
                #expect(upstream.requestCount == 1)
                let leaders = replies.filter { $0.cacheStatus == "reprise; fwd=uri-miss; stored" }
                #expect(leaders.count == 1)
                let others = replies.filter {
                    $0.cacheStatus == "reprise; fwd=uri-miss; collapsed" || $0.isHit
                }
                #expect(others.count == 999)
            }
        }
    }

    @Test func thousandIdenticalStreamsAreOneCall() async throws {
        let gate = Gate("second event")
        let events = Chat.events("a", "b", "c")
        let answer = SimulatedResponse.eventStream(events).gated(by: gate, afterPieces: 1)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let replies = try await crowd(1_000, proxy, stream: true, gate: gate)
                #expect(replies.allSatisfy { $0.status == 200 && $0.text == events.joined() })
                #expect(replies.count == 1_000)
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func lateArrivalSeesTheStreamFromItsStart() async throws {
        let gate = Gate("third event")
        let events = Chat.events("a", "b", "c")
        let answer = SimulatedResponse.eventStream(events).gated(by: gate, afterPieces: 2)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { leader in
                    leader.send(WireConnection.chatRequest("a"))
                    await leader.read(through: events[1])
                    try await WireConnection.with(port: proxy.port) { late in
                        late.send(WireConnection.chatRequest("a"))
                        await late.read(through: events[1])
                        #expect(late.text.contains("reprise; fwd=uri-miss; collapsed"))
                        #expect(late.text.contains(events[0]))
                        #expect(!late.text.contains(events[2]))
                        gate.open()
                        await late.read(through: "0\r\n\r\n")
                        #expect(late.text.contains(events[3]))
                    }
                }
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func leaderThatLeavesHurtsNobody() async throws {
        let gate = Gate("second event")
        let events = Chat.events("a", "b")
        let answer = SimulatedResponse.eventStream(events).gated(by: gate, afterPieces: 1)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await WireConnection.with(port: proxy.port) { follower in
                    try await WireConnection.with(port: proxy.port) { leader in
                        leader.send(WireConnection.chatRequest("a"))
                        await leader.read(through: events[0])
                        follower.send(WireConnection.chatRequest("a"))
                        await follower.read(through: events[0])
                    }
                    gate.open()
                    await follower.read(through: "0\r\n\r\n")
                    #expect(follower.text.contains(events[2]))
                }
                let hit = try await proxy.ask("a")
                #expect(hit.isHit)
                #expect(hit.text == events.joined())
                #expect(upstream.requestCount == 1)
            }
        }
    }

    /// Two clients that leave a stream behind its first event.
    private func leaveTogether(_ proxy: RunningProxy, after event: String) async throws {
        try await together(proxy, until: event) { _, _ in }
    }

    @Test func callThatAllHaveLeftIsCancelledOnRequest() async throws {
        let gate = Gate("never opened")
        let events = Chat.events("a", "b")
        let answer = SimulatedResponse.eventStream(events)
        try await SimulatedUpstream.run(
            .sequence([answer.gated(by: gate, afterPieces: 1), answer])
        ) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.onDisconnect = .cancel
            } _: { proxy in
                try await leaveTogether(proxy, after: events[0])
                await upstream.waitForDisconnects(1)
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func callThatAllHaveLeftIsFinishedAndStored() async throws {
        let gate = Gate("second event")
        let events = Chat.events("a", "b")
        let answer = SimulatedResponse.eventStream(events).gated(by: gate, afterPieces: 1)
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await leaveTogether(proxy, after: events[0])
                gate.open()
                await upstream.waitForResponses(1)
                // It joins the call or hits its entry, whichever is there.
                let next = try await proxy.ask("a")
                #expect(next.text == events.joined())
                #expect(try await proxy.ask("a").isHit)
                #expect(upstream.requestCount == 1)
                #expect(upstream.disconnects.isEmpty)
            }
        }
    }

    @Test func failureIsShared() async throws {
        let gate = Gate("rest of the failure")
        let failure = SimulatedResponse([
            .head(
                status: 500, headers: [("content-type", "application/json"), ("retry-after", "1")],
                framing: .chunked),
            .bytes(Array("{\"error\":".utf8)), .pause(gate),
            .bytes(Array("{\"message\":\"boom\"}}".utf8)), .end(),
        ])
        try await SimulatedUpstream.run(.always(failure)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await together(proxy, until: "{\"error\":") { one, other in
                    gate.open()
                    await one.read(through: "0\r\n\r\n")
                    await other.read(through: "0\r\n\r\n")
                    for text in [one.text, other.text] {
                        #expect(text.hasPrefix("HTTP/1.1 500 "))
                        #expect(text.lowercased().contains("retry-after: 1\r\n"))
                        #expect(text.contains("boom"))
                    }
                }
                #expect(upstream.requestCount == 1)
                #expect(try await proxy.ask("a").status == 500)
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func cutIsShared() async throws {
        let gate = Gate("cut")
        let events = Chat.events("a", "b")
        let answer = SimulatedResponse.eventStream(events)
        let broken = SimulatedResponse(
            answer.broken(afterPieces: 1, by: .pause(gate)).steps + [.cut])
        try await SimulatedUpstream.run(.sequence([broken, answer])) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                try await together(proxy, until: events[0]) { one, other in
                    gate.open()
                    await one.readToEnd()
                    await other.readToEnd()
                    for text in [one.text, other.text] {
                        #expect(!text.contains("\r\n0\r\n"))
                        #expect(!text.contains(events[1]))
                    }
                }
                #expect(upstream.requestCount == 1)
                let next = try await proxy.ask("a")
                #expect(next.cacheStatus == "reprise; fwd=uri-miss; stored")
            }
        }
    }

    /// Who asks for a fresh response gets one that was asked for after him.
    @Test(arguments: [("x-proxy-refresh", "true"), ("cache-control", "no-cache")])
    func freshResponseIsACallOfItsOwn(field: (String, String)) async throws {
        let gate = Gate("answer")
        let answers = ["one", "two"].map {
            SimulatedResponse.json(Chat.answer($0)).gated(by: gate)
        }
        try await SimulatedUpstream.run(.sequence(answers)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                proxy async throws in
                async let first = proxy.ask("a")
                await gate.waitForArrivals(1)
                async let fresh = proxy.ask("a", headers: [field])
                await gate.waitForArrivals(2)
                gate.open()
                #expect(try await first.text == Chat.answer("one"))
                #expect(try await fresh.text == Chat.answer("two"))
                #expect(try await !fresh.cacheStatus.contains("collapsed"))
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func refusedConnectionIsAnErrorForAll() async throws {
        let origin = try await SimulatedUpstream.run(.builtIn()) { $0.origin }
        try await RunningProxy.with(upstream: origin) { proxy in
            let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
                for _ in 0..<50 { group.addTask { try await proxy.ask("a") } }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            #expect(replies.count == 50)
            #expect(
                replies.allSatisfy {
                    $0.status == 502 && $0.errorCode == "upstream_unreachable"
                })
        }
    }

    /// Two clients of one call, both of which have read as far as `text`.
    private func together(
        _ proxy: RunningProxy, until text: String,
        _ body: (WireConnection, WireConnection) async throws -> Void
    ) async throws {
        try await WireConnection.with(port: proxy.port) { one in
            one.send(WireConnection.chatRequest("a"))
            await one.read(through: text)
            try await WireConnection.with(port: proxy.port) { other in
                other.send(WireConnection.chatRequest("a"))
                await other.read(through: text)
                #expect(other.text.contains("; collapsed"))
                try await body(one, other)
            }
        }
    }

    @Test func responseOverTheEntryLimitStreamsOnUncachedToAll() async throws {
        let gate = Gate("the rest")
        let piece = Array(repeating: UInt8(ascii: "x"), count: 10_000)
        let answer = SimulatedResponse([
            .head(status: 200, headers: [("content-type", "audio/mpeg")], framing: .chunked),
            .bytes(Array("begin".utf8)), .pause(gate), .flood(piece, times: 20), .end(),
        ])
        try await SimulatedUpstream.run(.always(answer)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.maxEntry = 50_000
            } _: { proxy in
                let body = #"{"model":"m","input":"i","voice":"v"}"#
                let request =
                    "POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "\r\n\(body)"
                try await WireConnection.with(port: proxy.port) { one in
                    one.send(request)
                    await one.read(through: "begin")
                    try await WireConnection.with(port: proxy.port) { other in
                        other.send(request)
                        await other.read(through: "begin")
                        gate.open()
                        await other.read(through: "0\r\n\r\n")
                        await one.read(through: "0\r\n\r\n")
                        for text in [one.text, other.text] {
                            #expect(text.count { $0 == "x" } >= 200_000)
                        }
                    }
                }
                #expect(upstream.requestCount == 1)
                let next = try await proxy.post(body, to: "/v1/audio/speech")
                #expect(!next.isHit)
                #expect(next.bytes.count == 200_005)
                #expect(upstream.requestCount == 2)
            }
        }
    }
}
