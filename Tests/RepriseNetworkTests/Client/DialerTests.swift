import Testing

@testable import RepriseNetwork

/// Making connections, in a time that the test moves.
struct DialerTests {
    private let origin = PlayedClient.origin

    private func unreachable(_ error: NetworkError) -> PlayedCall.Outcome {
        .failed(.unreachable(host: "api.test", port: 80, error))
    }

    @Test func addressesAreTriedAStaggerApartAndTheFirstToStandWins() throws {
        let played = try PlayedClient()
        let silent = try PlayedClient.address6(1, port: 80)
        let slow = try PlayedClient.address(1, port: 80)
        let other = try PlayedClient.address6(2, port: 80)
        played.loop.names["api.test"] = .success([silent, other, slow])
        played.loop.peers = [
            silent: .isSilent, slow: .accepts(after: .milliseconds(400)),
            other: .isSilent,
        ]
        let call = played.send()
        played.loop.advance(by: .milliseconds(1000))
        #expect(played.loop.attempts.map(\.address) == [silent, slow, other])
        #expect(
            played.loop.attempts.map(\.time.nanoseconds) == [0, 250_000_000, 500_000_000])
        #expect(played.streams.count == 1)
        #expect(played.streams[0].peerAddress == slow)
        #expect(played.loop.cancelledCount == 2)
        played.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
        played.loop.turn { played.client.shutDown() }
        #expect(played.loop.pendingTimerCount == 0)
    }

    @Test func addressThatRefusesMakesRoomForTheNextAtOnce() throws {
        let played = try PlayedClient()
        let first = try PlayedClient.address(1, port: 80)
        let second = try PlayedClient.address(2, port: 80)
        played.loop.names["api.test"] = .success([first, second])
        played.loop.peers[first] = .refuses(after: .milliseconds(10))
        played.send()
        played.loop.advance(by: .milliseconds(10))
        #expect(played.streams.map(\.peerAddress) == [second])
        #expect(played.loop.attempts.count == 2)
    }

    /// An earlier connection that stands while a later one is under way is taken.
    @Test func earlierAttemptIsNotGivenUpForALaterOne() throws {
        let played = try PlayedClient()
        let first = try PlayedClient.address(1, port: 80)
        let second = try PlayedClient.address(2, port: 80)
        played.loop.names["api.test"] = .success([first, second])
        played.loop.peers = [
            first: .accepts(after: .milliseconds(300)), second: .refuses(after: .milliseconds(10)),
        ]
        played.send()
        played.loop.advance(by: .milliseconds(300))
        #expect(played.streams.map(\.peerAddress) == [first])
    }

    @Test func familiesTakeTurns() throws {
        let four = try (1...3).map { try PlayedClient.address($0) }
        let six = try (1...2).map { try PlayedClient.address6($0) }
        #expect(
            AddressRace.alternating(six + four) == [six[0], four[0], six[1], four[1], four[2]])
        #expect(AddressRace.alternating(four) == four)
        #expect(AddressRace.alternating([]).isEmpty)
    }

    @Test func refusedConnectionIsUnreachable() throws {
        let played = try PlayedClient()
        played.loop.peers[try PlayedClient.address(1, port: 80)] = .refuses(after: .zero)
        #expect(played.send().outcome == unreachable(PlayedLoop.refusal))
        #expect(played.loop.pendingTimerCount == 0)
    }

    @Test func unknownHostIsUnreachable() throws {
        let played = try PlayedClient()
        played.loop.names["api.test"] = .failure(.unknownHost)
        #expect(played.send().outcome == unreachable(.unknownHost))
        played.loop.names["api.test"] = .success([])
        #expect(played.send().outcome == unreachable(.unknownHost))
    }

    /// One deadline is over all that belongs to a connection.
    @Test func connectionThatIsNotMadeInTimeIsTimedOut() throws {
        for step in 0..<4 {
            let played = try PlayedClient()
            let address = try PlayedClient.address(1, port: 443)
            if step == 0 { played.loop.names = [:] }
            if step == 1 { played.loop.peers[address] = .isSilent }
            if step == 3 { played.loop.peers[address] = .accepts(after: .seconds(4)) }
            let call = played.send(to: Origin(isSecure: true, host: "api.test", port: 443))
            played.loop.advance(by: .milliseconds(4999))
            #expect(call.outcome == nil)
            played.loop.advance(by: .milliseconds(1))
            #expect(call.outcome == .failed(.timedOut(.connect)))
            #expect(played.streams.allSatisfy { $0.closing == .aborted })
            #expect(played.streams.count == step / 2)
            #expect(played.loop.pendingTimerCount == 0)
        }
    }

    @Test func secureOriginIsReachedOverTLS() throws {
        let played = try PlayedClient()
        let secure = Origin(isSecure: true, host: "api.test", port: 8443)
        let call = played.send("GET", to: secure)
        #expect(played.streams[0].text == "<hello api.test>")
        played.streams[0].send("y")
        #expect(
            played.streams[0].text
                == "<hello api.test>GET / HTTP/1.1\r\nhost: api.test:8443\r\n\r\n")
        played.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
    }

    @Test func handshakeThatFailsIsUnreachable() throws {
        let played = try PlayedClient()
        let call = played.send(to: Origin(isSecure: true, host: "api.test", port: 443))
        played.streams[0].send("n")
        #expect(
            call.outcome
                == .failed(.unreachable(host: "api.test", port: 443, .tls(.wrongHost))))
        #expect(played.streams[0].closing == .aborted)
    }

    @Test func withoutTLSNoSecureOriginIsReached() throws {
        let played = try PlayedClient { $0.dialer.secure = nil }
        let call = played.send(to: Origin(isSecure: true, host: "api.test", port: 443))
        guard case .failed(.unreachable("api.test", 443, .tls(.failed))) = call.outcome else {
            Issue.record("\(String(describing: call.outcome))")
            return
        }
    }

    @Test func hostOfAnAddressIsWrittenInBrackets() throws {
        let played = try PlayedClient()
        played.loop.names["::1"] = .success([try PlayedClient.address6(1)])
        played.send("GET", to: Origin(isSecure: false, host: "::1", port: 8080))
        #expect(played.streams[0].text == "GET / HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n")
    }
}
