import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import Testing

/// The deadlines of clients' connections, in virtual time.
struct DeadlineTests {
    private let server: SimulatedServer

    init() throws {
        server = try SimulatedServer(ChatRequest.echo())
    }

    private func seconds(from start: MonotonicTime, to end: MonotonicTime?) throws -> Int64 {
        try (#require(end) - start).components.seconds
    }

    /// Longer than the twenty minutes for which clients keep a connection.
    @Test(arguments: [false, true])
    func idleConnectionIsClosedAfter21Minutes(isUsed: Bool) throws {
        let client = server.connect([.perform { _ in }])
        if isUsed { _ = try server.exchange([ChatRequest(question: "a").bytes], on: client) }
        let start = server.world.now
        let received = client.received.count
        #expect(server.world.run { client.endedAt != nil })
        #expect(try (1260...1262).contains(seconds(from: start, to: client.endedAt)))
        #expect(client.received.count == received)
    }

    @Test(arguments: ["P", "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: "])
    func headThatDoesNotComeInTenSecondsIsAnswered408(begun: String) throws {
        let start = server.world.now
        let client = server.connect([
            .sendInPieces(
                Array((begun + String(repeating: "a", count: 60)).utf8), size: 1,
                every: .milliseconds(500))
        ])
        #expect(server.world.run { client.endedAt != nil })
        #expect(client.receivedText.hasPrefix("HTTP/1.1 408 "))
        #expect(try (10...12).contains(seconds(from: start, to: client.endedAt)))
    }

    @Test func clientThatTakesNothingIsCutAfter21Minutes() throws {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
        let server = try SimulatedServer(
            .always(
                SimulatedResponse([
                    .head(
                        status: 200, headers: [("content-type", "text/plain")], framing: .chunked),
                    .flood(piece, times: 200), .end(),
                ])))
        let start = server.world.now
        let client = server.connect([
            .stopReading, .send(Array("GET /v1/files/f HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
        ])
        #expect(server.world.run { server.upstream.disconnects.count == 1 })
        #expect(try (1260...1265).contains(seconds(from: start, to: server.world.now)))
        client.add([.close])
        #expect(try server.end() == [])
    }
}
