import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import RepriseServer
import RepriseSimulator
import Testing

/// A peer that does not read holds back the one that sends.
@Suite(.timeLimit(.minutes(2)))
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

    @Test func upstreamThatDoesNotReadStallsTheUpload() async throws {
        let deaf = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(deaf.localAddress?.port)
        try await RunningProxy.with(upstream: "http://127.0.0.1:\(port)") { proxy in
            let upload = Upload(count: Self.pieces, piece: ByteBuffer(bytes: Self.piece))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await proxy.open(
                        .POST, "/v1/files", headers: [("content-type", "text/plain")],
                        body: .stream(upload, length: .unknown))
                }
                // Enough for an upload that nothing holds back to come to its end.
                for _ in 0..<500 { _ = try await proxy.send(.GET, "/health") }
                #expect(upload.progress.count > 0)
                #expect(upload.progress.count < Self.pieces)
                group.cancelAll()
            }
        }
        try await deaf.close()
    }

    private static func length(
        _ body: some AsyncSequence<ByteBuffer, any Error>
    ) async throws -> Int {
        var length = 0
        for try await buffer in body { length += buffer.readableBytes }
        return length
    }
}
