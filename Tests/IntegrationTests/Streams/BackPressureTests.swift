import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import RepriseServer
import RepriseSimulator
import Testing

/// A peer that does not read holds back the one that sends.
@Suite(.timeLimit(.minutes(5)))
struct BackPressureTests {
    static let pieces = 2_000
    static let piece = Array(repeating: UInt8(ascii: "x"), count: 65_536)

    /// More than the kernel's buffers and the proxy's window together.
    static func flood(_ type: String) -> SimulatedResponse {
        SimulatedResponse([
            .head(status: 200, headers: [("content-type", type)], framing: .chunked),
            .flood(piece, times: pieces), .end(),
        ])
    }

    @Test func clientThatDoesNotReadStallsAPassThrough() async throws {
        try await SimulatedUpstream.run(.always(Self.flood("text/plain"))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let response = try await proxy.open(.GET, "/v1/files/f/content")
                await upstream.waitForStalls(1)
                #expect(upstream.responseCount == 0)
                let length = try await Self.length(response.body)
                #expect(length == Self.pieces * Self.piece.count)
                await upstream.waitForResponses(1)
            }
        }
    }

    @Test func clientThatDoesNotReadStallsAResponseOverTheEntryLimit() async throws {
        try await SimulatedUpstream.run(.always(Self.flood("audio/mpeg"))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.maxEntry = 100_000
            } _: { proxy in
                let body = ByteBuffer(string: #"{"model":"m","input":"i","voice":"v"}"#)
                let response = try await proxy.open(
                    .POST, "/v1/audio/speech", body: .bytes(body))
                await upstream.waitForStalls(1)
                #expect(upstream.responseCount == 0)
                let length = try await Self.length(response.body)
                #expect(length == Self.pieces * Self.piece.count)
            }
        }
    }

    private static func length(
        _ body: some AsyncSequence<ByteBuffer, any Error>
    ) async throws -> Int {
        var length = 0
        for try await buffer in body { length += buffer.readableBytes }
        return length
    }
}
