import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import RepriseStorage
import Testing

@testable import reprise

/// A JSON document is waited for, for half a second; then it is passed on as it comes.
struct HeldDocumentTests {
    private static let parts = [
        #"{"choices":[{"index":0,"message":{"content":"#, #""x"},"finish_reason":"stop"}]}"#,
    ]

    private func server(pausing delay: Duration, then end: [SimulatedResponse.Step]) throws
        -> SimulatedServer
    {
        try SimulatedServer(
            .always(
                SimulatedResponse(
                    [
                        .head(
                            status: 200, headers: [("content-type", "application/json")],
                            framing: .chunked),
                        .bytes(Array(Self.parts[0].utf8)), .delay(delay),
                    ] + end)))
    }

    private static let rest: [SimulatedResponse.Step] = [.bytes(Array(parts[1].utf8)), .end()]

    @Test func documentThatIsSoonWholeHasALength() throws {
        let server = try server(pausing: .milliseconds(450), then: Self.rest)
        let client = server.connect([.send(ChatRequest(question: "a").bytes)])
        server.world.run(for: .milliseconds(440))
        #expect(client.received == [])
        server.world.run(for: .milliseconds(50))
        #expect(client.receivedText.hasSuffix("\r\n\r\n" + Self.parts.joined()))
        #expect(client.receivedText.contains("\r\ncontent-length: "))
        #expect(client.receivedText.contains("reprise; fwd=uri-miss; stored\r\n"))
    }

    @Test func documentThatTakesLongerIsPassedOnAsItComesAndStored() throws {
        let server = try server(pausing: .seconds(5), then: Self.rest)
        let request = ChatRequest(question: "a").bytes
        let client = server.connect([.send(request)])
        server.world.run(for: .milliseconds(490))
        #expect(client.received == [])
        server.world.run(for: .milliseconds(50))
        #expect(client.receivedText.contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(client.receivedText.contains(Self.parts[0]))
        #expect(!client.receivedText.contains(Self.parts[1]))
        server.world.run(for: .seconds(5))
        #expect(client.receivedText.contains(Self.parts[1]))
        #expect(client.receivedText.hasSuffix("\r\n0\r\n\r\n"))
        let hit = String(decoding: try server.exchange([request])[0], as: UTF8.self)
        #expect(hit.contains("reprise; hit\r\n"))
        #expect(hit.hasSuffix("\r\n\r\n" + Self.parts.joined()))
    }

    @Test func documentThatBreaksOffWhenItWasBegunIsCut() throws {
        let server = try server(pausing: .seconds(1), then: [.cut])
        let client = server.connect([.send(ChatRequest(question: "a").bytes), .awaitEnd, .close])
        #expect(server.world.run(limit: .seconds(5)) { client.isOver })
        #expect(client.receivedText.contains(Self.parts[0]))
        #expect(!client.receivedText.contains("\r\n0\r\n"))
        #expect(server.assembly.store.memory.statistics.entries == 0)
    }
}
