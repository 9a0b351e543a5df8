import RepriseNetwork
import RepriseSimulator
import Testing

/// How an upstream starts and stops.
@Suite(.timeLimit(.minutes(5)))
struct LifetimeTests {
    private struct Failure: Error {}

    @Test func portInUseIsAnError() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            #expect(upstream.origin == "http://127.0.0.1:\(upstream.port)")
            #expect(upstream.baseURL == "http://127.0.0.1:\(upstream.port)/v1")
            await #expect(throws: NetworkError.self) {
                try await SimulatedUpstream.run(port: upstream.port, .builtIn()) { _ in }
            }
        }
    }

    @Test func scopedFormStopsWhenItsBodyThrows() async throws {
        var port = 0
        await #expect(throws: Failure.self) {
            try await SimulatedUpstream.run(.builtIn()) { upstream in
                port = upstream.port
                throw Failure()
            }
        }
        await expectSilence(at: port)
    }

    @Test func unfinishedResponsesAreCutByAStop() async throws {
        let upstream = try SimulatedUpstream.start(.always(.silence))
        try await RawClient.connect(to: upstream.port) { client in
            await client.send(RawClient.request())
            await upstream.waitForRequests(1)
            await upstream.stop()
            await upstream.stop()
            #expect(await client.readToEnd() == .closed)
            #expect(client.text.isEmpty)
        }
        #expect(upstream.disconnects.isEmpty)
        await expectSilence(at: upstream.port)
    }

    @Test func aStopDoesNotWaitForAPeerThatDoesNotRead() async throws {
        let flood = SimulatedResponse([
            .head(status: 200, headers: [], framing: .chunked),
            .flood([UInt8](repeating: 0x78, count: 65_536), times: 1024), .end(),
        ])
        let upstream = try SimulatedUpstream.start(.always(flood))
        try await RawClient.connect(to: upstream.port) { client in
            await client.send(RawClient.request())
            await upstream.waitForStalls(1)
            await upstream.stop()
            #expect(await client.readToEnd() == .reset)
        }
    }

    @Test func severalUpstreamsShareOneNetwork() async throws {
        let network = SystemNetwork(loopCount: 2)
        try network.start()
        defer { network.stop() }
        let one = try SimulatedUpstream.start(on: network, .always(.json("1")))
        let other = try SimulatedUpstream.start(on: network, .always(.json("2")))
        #expect(try await RawClient.exchange(with: one.port).text.hasSuffix("1"))
        await one.stop()
        await expectSilence(at: one.port)
        #expect(try await RawClient.exchange(with: other.port).text.hasSuffix("2"))
        await other.stop()
    }

    /// Nobody answers any more; the kernel may still take a connection and reset it.
    private func expectSilence(at port: Int) async {
        let answer = try? await RawClient.exchange(with: port)
        #expect(answer?.text ?? "" == "")
    }
}
