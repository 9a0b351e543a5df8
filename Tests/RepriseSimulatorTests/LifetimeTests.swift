import RepriseSimulator
import Testing

/// How an upstream starts and stops.
@Suite(.timeLimit(.minutes(5)))
struct LifetimeTests {
    private struct Failure: Error {}

    @Test func longLivedFormServesUntilItIsCancelled() async throws {
        let upstream = try await SimulatedUpstream.start(.always(.silence))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await upstream.run() }
            try await RawClient.connect(to: upstream.port) { client in
                try await client.send(RawClient.request())
                await upstream.waitForRequests(1)
                group.cancelAll()
                #expect(await client.readToEnd() == .closed)
                #expect(client.text.isEmpty)
            }
            try await group.waitForAll()
        }
        await expectSilence(at: upstream.port)
    }

    @Test func portInUseIsAnError() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            #expect(upstream.origin == "http://127.0.0.1:\(upstream.port)")
            await #expect(throws: (any Error).self) {
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
        let upstream = try await SimulatedUpstream.start(.always(.silence))
        try await RawClient.connect(to: upstream.port) { client in
            try await client.send(RawClient.request())
            await upstream.waitForRequests(1)
            await upstream.stop()
            await upstream.stop()
            #expect(await client.readToEnd() == .closed)
        }
    }

    /// Nobody answers any more; the kernel may still take a connection and reset it.
    private func expectSilence(at port: Int) async {
        let answer = try? await RawClient.exchange(with: port)
        #expect(answer?.text ?? "" == "")
    }
}
