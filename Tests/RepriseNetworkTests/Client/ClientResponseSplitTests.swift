import Testing

@testable import RepriseNetwork

/// Responses that come to a call in any pieces, and that end anywhere.
struct ClientResponseSplitTests {
    typealias Sample = HTTP1ResponseParserTests.Sample

    private static let samples = HTTP1ResponseParserTests.samples.filter { $0.kind == .other }

    private func send(_ pieces: [String], endingWith end: StreamCloseReason?) throws
        -> (call: PlayedCall, played: PlayedClient)
    {
        let played = try PlayedClient()
        let call = played.send()
        for piece in pieces where !piece.isEmpty { played.streams[0].send(piece) }
        switch end {
        case nil: break
        case .ended: played.streams[0].end()
        case let reason?: played.streams[0].breakOff(reason)
        }
        return (call, played)
    }

    @Test(arguments: samples) func responseIsTheSameFromAnySplit(_ sample: Sample) throws {
        let text = Array(sample.bytes.unicodeScalars.filter(\.isASCII).map(String.init))
        let body = sample.body
        for cut in 0...text.count {
            let pieces = [text[..<cut].joined(), text[cut...].joined()]
            let end: StreamCloseReason? = sample.lastsUntilClose ? .ended : nil
            let (call, played) = try send(pieces, endingWith: end)
            #expect(call.head?.status == sample.status)
            #expect(call.body == body)
            #expect(
                call.outcome == .ended(sample.lastsUntilClose ? .connectionClosed : .framed))
            #expect(played.client.idleConnectionCount == (sample.isPersistent ? 1 : 0))
            #expect(played.streams[0].isOpen == sample.isPersistent)
        }
    }

    /// A part is never told to be the whole.
    @Test(arguments: samples) func responseThatIsCutAnywhereFails(_ sample: Sample) throws {
        let text = Array(sample.bytes.unicodeScalars.filter(\.isASCII).map(String.init))
        for reason in [.ended, .reset] as [StreamCloseReason] {
            for count in 0..<text.count {
                let (call, played) = try send([text[..<count].joined()], endingWith: reason)
                if call.head == nil {
                    #expect(call.outcome == .failed(.closedBeforeHead(reason)))
                } else if sample.lastsUntilClose, reason == .ended {
                    #expect(call.outcome == .ended(.connectionClosed))
                } else {
                    #expect(call.outcome == .failed(.cut(reason)))
                }
                #expect(played.client.idleConnectionCount == 0)
                #expect(played.loop.pendingTimerCount == 0)
            }
        }
    }

    @Test func nextCallMayBeginWithinTheEndOfTheLast() throws {
        let played = try PlayedClient()
        let call = played.send("GET", "/first")
        let next = PlayedCall()
        call.onEnd = {
            next.call = played.client.send(
                ClientRequest(
                    origin: PlayedClient.origin, method: Array("GET".utf8),
                    target: Array("/second".utf8)), handler: next)
        }
        played.streams[0].send(PlayedClient.ok)
        #expect(played.streams.count == 1)
        #expect(played.streams[0].text.contains("GET /second"))
        played.streams[0].send(PlayedClient.ok)
        #expect(next.outcome == .ended(.framed))
    }

    @Test func nextCallMayBeginWithinTheFailureOfTheLast() throws {
        let played = try PlayedClient()
        let call = played.send("GET", "/first")
        let next = PlayedCall()
        call.onEnd = {
            next.call = played.client.send(
                ClientRequest(
                    origin: PlayedClient.origin, method: Array("GET".utf8),
                    target: Array("/second".utf8)), handler: next)
        }
        played.streams[0].send("rubbish")
        #expect(played.streams.count == 2)
        played.streams[1].send(PlayedClient.ok)
        #expect(next.outcome == .ended(.framed))
    }

    /// A connection lasts longer than its client when nobody shuts that down.
    @Test func idleConnectionOfAClientThatIsGoneEndsQuietly() throws {
        let loop = PlayedLoop()
        loop.names["api.test"] = .success([try PlayedClient.address(1)])
        var client: HTTPClient? = HTTPClient(loop: loop, configuration: .init())
        let call = PlayedCall()
        loop.turn {
            client?.send(
                ClientRequest(
                    origin: PlayedClient.origin, method: Array("GET".utf8),
                    target: Array("/".utf8)), handler: call)
        }
        loop.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
        client = nil
        loop.streams[0].send("unasked")
        #expect(loop.streams[0].closing == .closed)
    }
}
