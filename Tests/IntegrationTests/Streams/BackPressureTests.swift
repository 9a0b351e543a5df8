import RepriseSimulator
import Testing

@testable import reprise

/// A peer that does not read holds back the one that sends.
@Suite(.timeLimit(.minutes(5)))
struct BackPressureTests {
    static let pieces = 1_000
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
                try await stallsUntilRead(
                    proxy.request(.get, "/v1/files/f/content", headers: [], body: nil), proxy,
                    upstream)
            }
        }
    }

    @Test func clientThatDoesNotReadStallsAResponseOverTheEntryLimit() async throws {
        try await SimulatedUpstream.run(.always(Self.flood("audio/mpeg"))) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) {
                $0.maxEntry = 100_000
            } _: { proxy in
                let body = Array(#"{"model":"m","input":"i","voice":"v"}"#.utf8)
                try await stallsUntilRead(
                    proxy.request(.post, "/v1/audio/speech", headers: [], body: body), proxy,
                    upstream)
            }
        }
    }

    private func stallsUntilRead(
        _ request: [UInt8], _ proxy: RunningProxy, _ upstream: SimulatedUpstream
    ) async throws {
        try await WireConnection.with(port: proxy.port, reads: false) { connection in
            connection.send(request)
            await upstream.waitForStalls(1)
            #expect(upstream.responseCount == 0)
            connection.readOn()
            let reply = try await connection.reply(to: .get)
            #expect(reply.bytes.count == Self.pieces * Self.piece.count)
            await upstream.waitForResponses(1)
        }
    }
}
