import RepriseSimulator
import Testing

/// What each step puts on the wire.
@Suite(.timeLimit(.minutes(5)))
struct StepTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let steps: [SimulatedResponse.Step]
        let wire: String
    }

    static let cases = [
        Case(
            testDescription: "a content length",
            steps: [
                .head(status: 200, headers: [("A", "1"), ("a", "2")], framing: .contentLength(2)),
                .bytes([0x68]), .bytes([0x69]), .end(),
            ],
            wire: "HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\ncontent-length: 2\r\n\r\nhi"),
        Case(
            testDescription: "chunks with trailers; an empty piece is no chunk",
            steps: [
                .head(status: 200, headers: [], framing: .chunked),
                .bytes(Array("0123456789abcdef".utf8)), .bytes([]), .bytes([0x78]),
                .end(trailers: [("t", "1")]),
            ],
            wire: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\nt: 1\r\n\r\n"),
        Case(
            testDescription: "a body that the connection's end delimits",
            steps: [
                .head(status: 200, headers: [], framing: .untilClose), .bytes([0x78]), .end(),
            ],
            wire: "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nx"),
        Case(
            testDescription: "interim responses",
            steps: [
                .informational(status: 100),
                .informational(status: 103, headers: [("link", "</x>")]),
                .head(status: 204, headers: [], framing: .verbatim),
            ],
            wire: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
                + "HTTP/1.1 204 No Content\r\n\r\n"),
        Case(
            testDescription: "two framings at once, by hand",
            steps: [
                .head(
                    status: 200, headers: [("content-length", "1"), ("transfer-encoding", "x")],
                    framing: .verbatim),
                .bytes([0x78]),
            ],
            wire: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: x\r\n\r\nx"),
        Case(
            testDescription: "garbage instead of a response",
            steps: [.raw(Array("220 smtp\r\n".utf8)), .cut], wire: "220 smtp\r\n"),
        Case(
            testDescription: "a content length that the body does not reach",
            steps: [
                .head(status: 200, headers: [], framing: .contentLength(9)), .bytes([0x78]), .cut,
            ],
            wire: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"),
        Case(
            testDescription: "chunks without the last one",
            steps: [
                .head(status: 200, headers: [], framing: .chunked), .bytes([0x78]), .cut,
            ],
            wire: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"),
        Case(
            testDescription: "a flood",
            steps: [
                .head(status: 200, headers: [], framing: .chunked), .flood([0x78], times: 3),
                .end(),
            ],
            wire: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"),
        Case(testDescription: "no byte at all", steps: [.cut], wire: ""),
        Case(
            testDescription: "a delay",
            steps: [.delay(.microseconds(1)), .raw([0x78])], wire: "x"),
    ]

    @Test(arguments: cases)
    func stepsPutExactlyTheseBytesOnTheWire(_ example: Case) async throws {
        try await SimulatedUpstream.run(.always(SimulatedResponse(example.steps))) { upstream in
            let (text, ending) = try await RawClient.exchange(with: upstream.port)
            #expect(text == example.wire)
            #expect(ending == .closed)
        }
    }

    @Test func resetIsSeenAsResetAndNotAsEnd() async throws {
        let gate = Gate()
        let response = SimulatedResponse([
            .head(status: 200, headers: [], framing: .chunked), .bytes([0x78]), .pause(gate),
            .reset,
        ])
        try await SimulatedUpstream.run(.always(response)) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request())
                await client.read(through: "x\r\n")
                gate.open()
                #expect(await client.readToEnd() == .reset)
            }
            #expect(upstream.disconnects.isEmpty)
        }
    }

    @Test func headRequestGetsNoBody() async throws {
        try await SimulatedUpstream.run(.always(.json("{}"))) { upstream in
            let (text, _) = try await RawClient.exchange(with: upstream.port, "HEAD")
            #expect(
                text == "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                    + "content-length: 2\r\n\r\n")
        }
    }

    @Test func errorsCarryTheFieldsThatTheSDKsReadForRetries() async throws {
        let limited = SimulatedResponse.rateLimited(retryAfterMilliseconds: 1500, shouldRetry: true)
        try await SimulatedUpstream.run(.always(limited)) { upstream in
            let (text, _) = try await RawClient.exchange(with: upstream.port)
            #expect(text.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
            #expect(text.contains("\r\nretry-after-ms: 1500\r\nretry-after: 2\r\n"))
            #expect(text.contains("\r\nx-should-retry: true\r\n"))
            #expect(text.hasSuffix(#""param":null,"code":"rate_limit_exceeded"}}"#))
        }
    }

    @Test func brokenResponseKeepsThePiecesThatWereAskedFor() async throws {
        let response = SimulatedResponse.eventStream(["data: 1\n\n", "data: 2\n\n"])
        try await SimulatedUpstream.run(.always(response.broken(afterPieces: 1))) { upstream in
            let (text, _) = try await RawClient.exchange(with: upstream.port)
            #expect(text.hasSuffix("\r\n\r\n9\r\ndata: 1\n\n\r\n"))
        }
    }
}
