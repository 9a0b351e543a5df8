import RepriseSimulator
import Testing

/// A client that asks for hits and reads none of them for a while gets all, in their order.
@Suite(.timeLimit(.minutes(5)))
struct SlowReaderTests {
    /// As many letters as the question says.
    private static let script = Script { request in
        let digits = request.bodyText.split(separator: #"content":""#).last?.prefix { $0.isNumber }
        let count = digits.flatMap { Int($0) } ?? 0
        return .json(Chat.answer(String(repeating: "x", count: count)))
    }

    @Test func hitsBeyondTheSocketsBufferComeInOrder() async throws {
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                // The longest does not stand in one piece with its head.
                let lengths = [10, 120_000, 90_000, 700_000]
                let order = (0..<80).map { lengths[$0 % 7 % 4] }
                try await WireConnection.with(port: proxy.port, reads: false) { connection in
                    for length in lengths + order {
                        connection.send(WireConnection.chatRequest("\(length)"))
                    }
                    connection.send(
                        WireConnection.chatRequest("10", fields: "Connection: close\r\n"))
                    connection.readOn()
                    #expect(await connection.readToEnd() == .closed)
                    let bodies = (lengths + order + [10]).map {
                        Chat.answer(String(repeating: "x", count: $0))
                    }
                    #expect(connection.responses.map(\.text) == bodies)
                    let hits = connection.responses.filter {
                        $0.field("cache-status")?.hasPrefix("reprise; hit") == true
                    }
                    #expect(hits.count == order.count + 1)
                }
            }
        }
    }
}
