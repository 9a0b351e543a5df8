import RepriseLogging
import RepriseNetwork
import RepriseSimulator
import RepriseStorage
import RepriseTesting
import Testing

@testable import reprise

/// Known bytes are answered with exactly the bytes that the whole way gives.
///
/// The fast path knows what came in one read; the same bytes in two reads go the whole way. Both are
/// asked at the same time of day, and what they answer is compared as it came over the wire.
struct FastPathTests {
    /// The time of day at which the first request is sent.
    private static let noon: Int64 = 1_700_000_000_000

    private func server(
        _ script: Script = ChatRequest.echo(), ttl: Int64? = nil
    ) throws -> SimulatedServer {
        try SimulatedServer(script) { $0.ttl = ttl }
    }

    /// Sends a request at a time of day; half a second later than said, so that no second begins
    /// meanwhile.
    private func ask(
        _ server: SimulatedServer, _ pieces: [[UInt8]], after seconds: Int64 = 0,
        responses: Int = 1
    ) throws -> [String] {
        server.host.setWallClock(Self.noon + 1000 * seconds + 500)
        return try server.exchange(pieces, responses: responses).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Asks for the same by both ways, and expects the same bytes.
    ///
    /// - Returns: What both answered.
    private func compare(
        _ server: SimulatedServer, _ request: ChatRequest, after seconds: Int64 = 0
    ) throws -> String {
        #expect(server.knows(request.bytes))
        let fast = try ask(server, [request.bytes], after: seconds)
        let whole = try ask(server, request.split(at: 40), after: seconds)
        #expect(fast == whole)
        return fast[0]
    }

    /// Asks in one read until the bytes are known and stored.
    private func warm(_ server: SimulatedServer, _ request: ChatRequest) throws {
        server.host.setWallClock(Self.noon)
        let miss = try server.exchange([request.bytes])
        #expect(String(decoding: miss[0], as: UTF8.self).contains("; stored\r\n"))
        #expect(server.knows(request.bytes))
    }

    @Test(arguments: [0, 1, 59, 3600, 1_000_000] as [Int64])
    func hitIsTheSameAtAnyAge(age: Int64) throws {
        let server = try server()
        let request = ChatRequest(question: "a")
        try warm(server, request)
        let hit = try compare(server, request, after: age)
        #expect(hit.contains("\r\nage: \(age)\r\n"))
        #expect(hit.contains("\r\ncache-status: reprise; hit\r\n"))
        #expect(server.upstream.requestCount == 1)
    }

    @Test(arguments: [0, 1, 9] as [Int64])
    func hitThatWillExpireSaysWhatIsLeft(age: Int64) throws {
        let server = try server(ttl: 10)
        let request = ChatRequest(question: "a")
        try warm(server, request)
        let hit = try compare(server, request, after: age)
        #expect(hit.contains("\r\ncache-status: reprise; hit; ttl=\(9 - age)\r\n"))
        #expect(server.upstream.requestCount == 1)
    }

    /// A clock that was set back makes nothing older, or younger than new.
    @Test func hitFromTheFutureIsTheSame() throws {
        let server = try server(ttl: 10)
        let request = ChatRequest(question: "a")
        try warm(server, request)
        #expect(try compare(server, request, after: -100).contains("\r\nage: 0\r\n"))
    }

    static let answers: [SimulatedResponse] = [
        .eventStream([
            #"data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#
                + "\n\n", "data: [DONE]\n\n",
        ]),
        .json(
            #"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]}"#,
            headers: [
                ("x-request-id", "req_1"), ("openai-version", "2020-10-01"), ("x-any", "1"),
                ("set-cookie", "a=1"), ("cache-status", "edge; hit"), ("age", "7"),
                ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ]),
    ]

    @Test(arguments: answers)
    func hitIsTheSameWhateverWasStored(_ answer: SimulatedResponse) throws {
        let server = try server(.always(answer))
        let request = ChatRequest(question: "a")
        try warm(server, request)
        let hit = try compare(server, request, after: 5)
        #expect(hit.contains("reprise; hit"))
    }

    @Test func staleResponseIsFetchedAgainByBothWays() throws {
        let server = try server(ttl: 10)
        let request = ChatRequest(question: "a")
        for pieces in [[request.bytes], request.split(at: 40)] {
            server.forget(request)
            try warm(server, request)
            let calls = server.upstream.requestCount
            let stale = try ask(server, pieces, after: 10)
            #expect(stale[0].contains("\r\ncache-status: reprise; fwd=stale; stored\r\n"))
            #expect(server.upstream.requestCount == calls + 1)
            let again = try ask(server, pieces, after: 12)
            #expect(again[0].contains("reprise; hit; ttl=8\r\n"), "\(again)")
        }
    }

    @Test func refreshedResponseIsServedByBothWays() throws {
        let server = try server()
        let request = ChatRequest(question: "a")
        try warm(server, request)
        #expect(try compare(server, request).contains("a, call 1"))
        let refresh = ChatRequest(question: "a", fields: "X-Proxy-Refresh: true\r\n")
        for call in 2...3 {
            #expect(try ask(server, [refresh.bytes])[0].contains("a, call \(call)"))
            #expect(!server.knows(refresh.bytes))
            #expect(try compare(server, request).contains("a, call \(call)"))
        }
    }

    @Test func evictedResponseIsAMiss() throws {
        let server = try server()
        let request = ChatRequest(question: "a")
        try warm(server, request)
        server.forget(request)
        #expect(server.knows(request.bytes))
        let miss = try ask(server, [request.bytes])
        #expect(miss[0].contains("\r\ncache-status: reprise; fwd=uri-miss; stored\r\n"))
        #expect(try compare(server, request).contains("a, call 2"))
    }

    @Test(arguments: [
        ChatRequest(question: "b"), ChatRequest(question: "a", fields: "X-Api-Key: 1\r\n"),
        ChatRequest(question: "a", fields: "X-Proxy-Namespace: n\r\n"),
        ChatRequest(question: "a", fields: "Authorization: Bearer 1\r\n"),
    ])
    func anotherRequestIsAnotherAnswer(_ other: ChatRequest) throws {
        let server = try server()
        let request = ChatRequest(question: "a")
        try warm(server, request)
        #expect(try compare(server, request).contains("a, call 1"))
        #expect(try ask(server, [other.bytes])[0].contains("\(other.question), call 2"))
        #expect(try compare(server, other).contains("\(other.question), call 2"))
        #expect(try compare(server, request).contains("a, call 1"))
    }

    /// Directives that a stored response must meet are looked at each time.
    @Test(arguments: [
        "X-Proxy-TTL: 0", "X-Proxy-Refresh: true", "Cache-Control: no-cache",
        "Cache-Control: max-age=5", "Cache-Control: min-fresh=5",
    ])
    func requestThatDoesNotTakeAnyFreshResponseIsNotLearned(field: String) throws {
        let server = try server()
        try warm(server, ChatRequest(question: "a"))
        let request = ChatRequest(question: "a", fields: "\(field)\r\n")
        for _ in 0..<2 {
            _ = try ask(server, [request.bytes])
            #expect(!server.knows(request.bytes))
        }
    }

    @Test(arguments: [
        "X-Proxy-TTL: 7", "Cache-Control: no-store", "Cache-Control: only-if-cached",
        "Cache-Control: max-stale", "Cache-Control: stale-if-error=60", "X-Proxy-Tags: t",
        "X-Unknown: 1", "Connection: keep-alive",
    ])
    func requestThatTakesAnyFreshResponseIsTheSameByBothWays(field: String) throws {
        let server = try server()
        try warm(server, ChatRequest(question: "a"))
        let request = ChatRequest(question: "a", fields: "\(field)\r\n")
        let first = try ask(server, [request.bytes])
        #expect(first[0].contains("reprise; hit"))
        #expect(try compare(server, request) == first[0])
    }

    @Test(arguments: [
        ChatRequest(question: "a", fields: "Connection: close\r\n"),
        ChatRequest(question: "a", version: "1.0"),
        ChatRequest(question: "a", fields: "Connection: keep-alive\r\n", version: "1.0"),
        ChatRequest(question: "a", fields: "Expect: 100-continue\r\n"),
    ])
    func requestOfAnotherKindIsNotLearnedAndHits(_ request: ChatRequest) throws {
        let server = try server()
        try warm(server, ChatRequest(question: "a"))
        let one = try ask(server, [request.bytes])
        let other = try ask(server, [request.bytes])
        #expect(one == other)
        #expect(one[0].contains("reprise; hit"))
        #expect(!server.knows(request.bytes))
    }

    @Test func requestsInOneReadAreAnsweredAsEachAlone() throws {
        let server = try server()
        let (one, two) = (ChatRequest(question: "a"), ChatRequest(question: "b"))
        for request in [one, two] { try warm(server, request) }
        let (first, second) = (try compare(server, one), try compare(server, two))
        let together = one.bytes + two.bytes + one.bytes
        for _ in 0..<2 {
            #expect(try ask(server, [together], responses: 3) == [first, second, first])
            #expect(!server.knows(together))
        }
    }

    /// Whatever part of a request comes first, it never stands for the whole.
    @Test func requestInTwoReadsIsNeverTakenForAnother() throws {
        let server = try server()
        let length = ChatRequest(question: "0000a").bytes.count
        for place in 1..<length {
            let digits = String(String(10_000 + place).dropFirst())
            let one = ChatRequest(question: "\(digits)a")
            let two = ChatRequest(question: "\(digits)b")
            #expect(one.bytes.count == length)
            for _ in 0..<2 {
                for request in [one, two] {
                    let answer = try ask(server, request.split(at: place))
                    #expect(answer[0].contains("\"\(request.question), call"), "\(place)")
                    for piece in request.split(at: place) { #expect(!server.knows(piece)) }
                }
            }
        }
        #expect(server.upstream.requestCount == 2 * (length - 1))
    }

    @Test func hitIsTheSameAtEverySplit() throws {
        let server = try server()
        let request = ChatRequest(question: "a")
        try warm(server, request)
        let fast = try ask(server, [request.bytes])
        for place in 1..<request.bytes.count {
            #expect(try ask(server, request.split(at: place)) == fast, "\(place)")
        }
        #expect(try ask(server, request.bytes.map { [$0] }) == fast)
        #expect(server.upstream.requestCount == 1)
    }

    /// Responses to several requests on one connection are those of connections of their own.
    @Test func sequencesOfRequestsAreAnsweredAsEachAlone() throws {
        let server = try server()
        let known = ChatRequest(question: "a")
        try warm(server, known)
        let hit = try ask(server, [known.bytes])
        var random = SeededRandom(seed: 7)
        for _ in 0..<50 {
            server.host.setWallClock(Self.noon + 500)
            let client = server.connect()
            for _ in 0..<random.number(in: 1...6) {
                let place = random.number(in: 1...known.bytes.count - 1)
                let pieces = random.chance(0.5) ? [known.bytes] : known.split(at: place)
                let answer = try server.exchange(pieces, on: client)
                #expect(answer.map { String(decoding: $0, as: UTF8.self) } == hit)
            }
            client.add([.close])
        }
        #expect(server.upstream.requestCount == 1)
    }

    /// A client that reads nothing makes the server read no more, however it asks.
    @Test func clientThatReadsNothingFillsNoMemory() throws {
        let text = String(repeating: "x", count: 100_000)
        let server = try server(
            .always(
                .json(
                    #"{"choices":[{"index":0,"message":{"content":"\#(text)"},"#
                        + #""finish_reason":"stop"}]}"#)))
        let request = ChatRequest(question: "a")
        try warm(server, request)
        let before = server.hitCount
        let client = server.connect([.stopReading])
        for _ in 0..<200 { client.add([.send(request.bytes), .wait(.milliseconds(1))]) }
        server.world.run(for: .seconds(10))
        // 1 MiB of the server's, and the buffers of the sockets.
        #expect(server.hitCount - before < 30)
        client.add([.readAgain])
        server.world.run(for: .seconds(10))
        #expect(server.hitCount - before == 200)
        client.add([.close])
    }
}

extension SimulatedServer {
    /// Takes the response to a request that is known out of memory.
    fileprivate func forget(_ request: ChatRequest) {
        let memory = assembly.store.memory
        let nothing: [UInt8] = []
        let bytes = request.bytes
        let fingerprint = memory.fingerprint(head: bytes.span, body: nothing.span)
        if let key = memory.key(for: fingerprint) { memory.remove(key) }
    }

    /// How many hits have been logged.
    fileprivate var hitCount: Int { log.lines.count { $0["cache"] == .text("hit") } }
}
