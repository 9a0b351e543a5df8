import RepriseNetwork
import RepriseSimulator
import Testing

/// What `reprise simulate` runs.
@Suite(.timeLimit(.minutes(5)))
struct SimulatorServiceTests {
    private func withNetwork(_ body: (SystemNetwork) async throws -> Void) async throws {
        let network = SystemNetwork(loopCount: 1)
        try network.start()
        defer { network.stop() }
        try await body(network)
    }

    @Test func callsAreCountedButNotTheQuestionHowMany() async throws {
        try await withNetwork { network in
            let upstream = try SimulatorService.start(on: network, port: 0)
            #expect(upstream.origin.hasPrefix("http://127.0.0.1:"))
            for total in 0..<3 {
                let (text, _) = try await RawClient.exchange(
                    with: upstream.port, "GET", "/simulator/calls?a")
                #expect(text.hasSuffix("\r\n\r\n{\"total\":\(total)}"))
                let (models, _) = try await RawClient.exchange(
                    with: upstream.port, "GET", "/v1/models")
                #expect(models.contains("gpt-simulated"))
            }
            await upstream.stop()
        }
    }

    @Test func portInUseIsNamed() async throws {
        try await withNetwork { network in
            let upstream = try SimulatorService.start(on: network, port: 0)
            let error = #expect(throws: SimulatorService.StartError.self) {
                try SimulatorService.start(on: network, port: UInt16(upstream.port))
            }
            guard case .notBound(upstream.address, .system(_, let reason)) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason == "Address already in use")
            await upstream.stop()
        }
    }

    @Test func unusableRecordingsAreNamed() async throws {
        try await withNetwork { network in
            let error = #expect(throws: SimulatorService.StartError.self) {
                try SimulatorService.start(
                    on: network, port: 0, recordings: ["/nonexistent/traffic.jsonl"])
            }
            let reason = "No such file or directory"
            #expect(
                error
                    == .unusableRecordings(
                        .unreadable(path: "/nonexistent/traffic.jsonl", reason: reason)))
        }
    }
}
