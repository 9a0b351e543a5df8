import RepriseSimulator
import Testing

/// What an upstream remembers of its peers.
@Suite(.timeLimit(.minutes(5)))
struct ObservationTests {
    @Test func requestIsRecordedWhole() async throws {
        try await SimulatedUpstream.run(.always(.json("{}"))) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(
                    "POST /v1/x?b=1&a=%41 HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-one: \r\n"
                        + "X-Two: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                await client.read(through: "{}")
            }
            await upstream.waitForRequests(1)
            let request = try #require(upstream.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/v1/x?b=1&a=%41")
            #expect(request.path == "/v1/x")
            #expect(request.query == "b=1&a=%41")
            #expect(request.bodyText == "abcde")
            #expect(
                request.headers.map(\.name) == [
                    "Host", "X-Two", "x-one", "X-Two", "Transfer-Encoding",
                ])
            #expect(request.headers.map(\.value) == ["h", "1", "", "2", "chunked"])
            #expect(request.header("X-TWO") == "1")
            #expect(request.header("x-three") == nil)
            #expect(request.arrival == 1)
            #expect(upstream.count(of: "/v1/x") == 1)
            #expect(upstream.count(of: "/v1/y") == 0)
            #expect(upstream.bytesUploaded == 5)
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrderOnOneConnection() async throws {
        let script = Script { .json(#"{"n":\#($0.arrival)}"#) }
        try await SimulatedUpstream.run(script) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request() + RawClient.request("POST", body: "b"))
                await client.read(through: #"{"n":2}"#)
                #expect(client.text.contains(#"{"n":1}HTTP/1.1 200 OK"#))
            }
            #expect(upstream.requests.map(\.connection) == [1, 1])
            #expect(upstream.requests.map(\.bodyText) == ["", "b"])
            #expect(upstream.connectionCount == 1)
        }
    }

    @Test func onlyTheLastRequestsAreKeptButAllAreCounted() async throws {
        let upstream = try SimulatedUpstream.start(.always(.json("{}")), keepingLast: 2)
        for number in 1...7 {
            _ = try await RawClient.exchange(with: upstream.port, "GET", "/\(number)")
        }
        #expect(upstream.requests.map(\.target) == ["/6", "/7"])
        #expect(upstream.requestCount == 7)
        await upstream.stop()
    }

    @Test func peerThatLeavesBeforeTheEndIsSeen() async throws {
        let response = SimulatedResponse([
            .head(status: 200, headers: [], framing: .chunked), .bytes([0x78]), .hang,
        ])
        try await SimulatedUpstream.run(
            Script(rules: [.init(path: "/hang", answers: [response])], otherwise: .builtIn())
        ) { upstream in
            _ = try await RawClient.exchange(with: upstream.port, "GET", "/v1/models")
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request("GET", "/hang"))
                await client.read(through: "1\r\nx\r\n")
            }
            await upstream.waitForDisconnects(1)
            #expect(upstream.disconnects.map(\.arrival) == [2])
            #expect(upstream.disconnects.map(\.connection) == [2])
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"
            #expect(upstream.disconnects.map(\.bytesWritten) == [head.utf8.count])
        }
    }

    @Test func peerThatDoesNotReadPausesTheFlood() async throws {
        let piece = [UInt8](repeating: 0x78, count: 65_536)
        let total = piece.count * 1024
        let response = SimulatedResponse([
            .head(status: 200, headers: [], framing: .contentLength(total)),
            .flood(piece, times: 1024),
            .end(),
        ])
        try await SimulatedUpstream.run(.always(response)) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request("GET", headers: "Connection: close\r\n"))
                await upstream.waitForStalls(1)
                #expect(upstream.bytesWritten(connection: 1) < total)
                #expect(upstream.responseCount == 0)
                let received = await client.countToEnd()
                #expect(received > total)
                await upstream.waitForResponses(1)
                #expect(upstream.bytesWritten(connection: 1) == received)
            }
            #expect(upstream.disconnects.isEmpty)
        }
    }

    @Test func heldUploadIsNotReadToItsEndBeforeTheGateOpens() async throws {
        let gate = Gate()
        let script = Script.always(.json("{}")).holdingUploads { method, target in
            method == "POST" && target == "/held" ? gate : nil
        }
        let body = String(repeating: "u", count: 32 << 20)
        try await SimulatedUpstream.run(script) { upstream in
            let port = upstream.port
            async let answer = RawClient.exchange(with: port, "POST", "/held", body: body)
            await gate.waitForArrivals()
            #expect(upstream.bytesUploaded < body.utf8.count)
            #expect(upstream.requestCount == 0)
            gate.open()
            let (text, _) = try await answer
            #expect(text.hasSuffix("{}"))
            #expect(upstream.requests.first?.body.count == body.utf8.count)
        }
    }

    @Test func expectationIsMetBeforeTheBodyIsSent() async throws {
        try await SimulatedUpstream.run(.always(.json("{}"))) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(
                    "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                        + "Content-Length: 1\r\n\r\n")
                await client.read(through: "HTTP/1.1 100 Continue\r\n\r\n")
                await client.send("x")
                await client.read(through: "{}")
            }
        }
    }

    @Test func requestThatIsNoHTTPGets400() async throws {
        try await SimulatedUpstream.run(.always(.json("{}"))) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send("no http at all\r\n\r\n")
                #expect(await client.readToEnd() == .closed)
                #expect(client.text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            }
            #expect(upstream.requestCount == 0)
        }
    }
}
