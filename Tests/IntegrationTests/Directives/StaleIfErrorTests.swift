import RepriseSimulator
import Testing

/// `stale-if-error`: an expired response stands in when the upstream fails (RFC 5861 §4).
@Suite(.timeLimit(.minutes(5)))
struct StaleIfErrorTests {
    static let directive = [("cache-control", "stale-if-error=60")]
    static let answer = SimulatedResponse.json(Chat.answer("one"))

    /// Stores an answer for ten seconds, lets it expire since two, and asks again.
    private func askAgain(
        _ failure: SimulatedResponse, _ headers: [(String, String)],
        stopping: Bool = false
    ) async throws -> Reply {
        try await SimulatedUpstream.run(.sequence([Self.answer, failure])) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                _ = try await proxy.ask("a", headers: [("x-proxy-ttl", "10")])
                proxy.clock.advance(by: .seconds(12))
                if stopping { await upstream.stop() }
                return try await proxy.ask("a", headers: headers)
            }
        }
    }

    static let failures: [SimulatedResponse] = [
        .error(status: 500, message: "no"), .error(status: 502, message: "no"),
        .error(status: 503, message: "no"), .error(status: 504, message: "no"),
        answer.broken(afterPieces: 0),
        SimulatedResponse([
            .head(
                status: 200, headers: [("content-type", "application/json")],
                framing: .contentLength(99)), .bytes(Array(#"{"id":"#.utf8)), .cut,
        ]),
        SimulatedResponse([.cut]), SimulatedResponse([.reset]),
    ]

    @Test(arguments: failures)
    func staleResponseStandsInForAFailure(_ failure: SimulatedResponse) async throws {
        let reply = try await askAgain(failure, Self.directive)
        #expect(reply.status == 200)
        #expect(reply.text == Chat.answer("one"))
        #expect(reply.cacheStatus == "reprise; hit; ttl=-2; detail=stale-if-error")
        #expect(reply.field("age") == "12")
    }

    @Test func staleResponseStandsInForARefusedConnection() async throws {
        let reply = try await askAgain(Self.answer, Self.directive, stopping: true)
        #expect(reply.cacheStatus == "reprise; hit; ttl=-2; detail=stale-if-error")
        #expect(reply.text == Chat.answer("one"))
    }

    @Test func refusedConnectionWithoutTheDirectiveIsAnError() async throws {
        let reply = try await askAgain(Self.answer, [], stopping: true)
        #expect(reply.status == 502)
        #expect(reply.errorCode == "upstream_unreachable")
        #expect(reply.cacheStatus == "reprise; fwd=stale")
    }

    @Test(arguments: [
        ("stale-if-error=1", "reprise; fwd=stale; detail=status"),
        ("stale-if-error=60, no-cache", "reprise; fwd=request; detail=status"),
        ("max-age=60", "reprise; fwd=stale; detail=status"),
    ])
    func errorIsPassedOnWhenNothingMayStandIn(value: String, status: String) async throws {
        let reply = try await askAgain(
            .error(status: 500, message: "no"), [("cache-control", value)])
        #expect(reply.status == 500)
        #expect(reply.cacheStatus == status)
    }

    @Test func clientsMistakeIsNotCovered() async throws {
        let reply = try await askAgain(.error(status: 400, message: "no"), Self.directive)
        #expect(reply.status == 400)
    }

    @Test func upstreamThatWorksIsPreferred() async throws {
        let reply = try await askAgain(.json(Chat.answer("two")), Self.directive)
        #expect(reply.cacheStatus == "reprise; fwd=stale; stored")
        #expect(reply.text == Chat.answer("two"))
    }
}
