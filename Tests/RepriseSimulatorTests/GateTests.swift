import RepriseSimulator
import Testing

/// Responses that wait until the test lets them go on.
@Suite(.timeLimit(.minutes(5)))
struct GateTests {
    @Test func responseWaitsAtTheGateAndGoesOnWhenItOpens() async throws {
        let gate = Gate("between the events")
        let response = SimulatedResponse.eventStream(["data: 1\n\n", "data: 2\n\n"])
            .gated(by: gate, afterPieces: 1)
        try await SimulatedUpstream.run(.always(response)) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request())
                await gate.waitForArrivals()
                await client.read(through: "data: 1\n\n\r\n")
                #expect(upstream.responseCount == 0)
                gate.open()
                await client.read(through: "0\r\n\r\n")
                #expect(client.text.hasSuffix("9\r\ndata: 2\n\n\r\n0\r\n\r\n"))
            }
            await upstream.waitForResponses(1)
        }
    }

    @Test func slowHeadSendsNoByteBeforeTheGate() async throws {
        let gate = Gate()
        try await SimulatedUpstream.run(.always(.json("{}").gated(by: gate))) { upstream in
            try await RawClient.connect(to: upstream.port) { client in
                await client.send(RawClient.request())
                await gate.waitForArrivals()
                #expect(upstream.bytesWritten(connection: 1) == 0)
                gate.open()
                await client.read(through: "{}")
                #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
        }
    }

    @Test func oneGateHoldsAndFreesManyResponses() async throws {
        let gate = Gate()
        try await SimulatedUpstream.run(.always(.json("{}").gated(by: gate))) { upstream in
            let port = upstream.port
            let endings = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await RawClient.exchange(with: port, "POST", "/x", body: "a")
                            .text.hasSuffix("{}")
                    }
                }
                await gate.waitForArrivals(200)
                #expect(gate.arrivalCount == 200)
                #expect(upstream.openConnections == 200)
                gate.open()
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(endings == Array(repeating: true, count: 200))
            #expect(upstream.count(of: "/x") == 200)
        }
    }

    @Test func openGateStaysOpen() async throws {
        let gate = Gate()
        gate.open()
        gate.open()
        await gate.waitUntilOpen()
        #expect(gate.isOpen)
        try await SimulatedUpstream.run(.always(.json("{}").gated(by: gate))) { upstream in
            let (text, _) = try await RawClient.exchange(with: upstream.port)
            #expect(text.hasSuffix("{}"))
        }
    }

    @Test func cancelledWaitReturns() async {
        let gate = Gate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.waitForArrivals(1) }
            group.addTask { await gate.waitUntilOpen() }
            group.cancelAll()
            await group.waitForAll()
        }
        #expect(!gate.isOpen)
    }
}
