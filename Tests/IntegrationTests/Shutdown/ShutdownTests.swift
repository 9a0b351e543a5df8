import Foundation
import RepriseSimulator
import Testing

/// SIGTERM, with something going on.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ShutdownTests {
    @Test func requestInFlightEndsAndItsEntryIsKept() async throws {
        let gate = Gate()
        let script = Script.always(.json(Chat.answer("late but whole")).gated(by: gate))
        try await SimulatedUpstream.run(script) { upstream in
            try await ScratchDirectory.with { directory in
                let store = "sqlite:\(directory.path("cache.db"))"
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    try await WireConnection.with(port: proxy.port) { idle async throws in
                        idle.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                        await idle.read(through: "{\"ok\":true}")
                        async let answer = proxy.ask("last words")
                        await gate.waitForArrivals()
                        proxy.process.signal(SIGTERM)
                        // An idle connection has nothing to wait for.
                        #expect(await idle.readToEnd() == .closed)
                        await untilRefused(port: proxy.port)
                        gate.open()
                        #expect(try await answer.text == Chat.answer("late but whole"))
                    }
                    #expect(await proxy.process.waitForExit() == 0)
                }
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    let kept = try await proxy.ask("last words")
                    #expect(kept.isHit)
                    #expect(kept.text == Chat.answer("late but whole"))
                }
                #expect(upstream.requestCount == 1)
            }
        }
    }

    @Test func streamInFlightIsNotCutAndIsKept() async throws {
        let gate = Gate()
        let events = Chat.events("one", "two")
        let script = Script.always(.eventStream(events).gated(by: gate, afterPieces: 1))
        try await SimulatedUpstream.run(script) { upstream in
            try await ScratchDirectory.with { directory in
                let store = "sqlite:\(directory.path("cache.db"))"
                try await ServedProxy.with(upstream: upstream.origin, store: store) {
                    proxy async throws in
                    async let answer = proxy.ask("stream", stream: true)
                    await gate.waitForArrivals()
                    proxy.process.signal(SIGTERM)
                    await untilRefused(port: proxy.port)
                    gate.open()
                    #expect(try await answer.text == events.joined())
                    #expect(await proxy.process.waitForExit() == 0)
                }
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    let kept = try await proxy.ask("stream", stream: true)
                    #expect(kept.isHit)
                    #expect(kept.text == events.joined())
                }
            }
        }
    }

    @Test func drainDelayFailsReadinessWhileRequestsAreTaken() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--drain-delay", "1h"]
            ) { proxy in
                #expect(try await proxy.send(.get, "/ready").status == 200)
                proxy.process.signal(SIGTERM)
                #expect(await proxy.process.errors.line(containing: "stopping") != nil)
                let ready = try await proxy.send(.get, "/ready")
                while try await proxy.send(.get, "/ready").status == 200 {}
                #expect([200, 503].contains(ready.status))
                #expect(try await proxy.send(.get, "/ready").text == "{\"ok\":false}")
                #expect(try await proxy.send(.get, "/health").status == 200)
                #expect(try await proxy.ask("still").isStoredMiss)

                proxy.process.signal(SIGTERM)
                #expect(await proxy.process.waitForExit() == 128 + SIGTERM)
            }
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func secondSignalEndsItAtOnce(signal: Int32) async throws {
        let gate = Gate()
        let script = Script.always(.json(Chat.answer("never")).gated(by: gate))
        try await SimulatedUpstream.run(script) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, ["--shutdown-timeout", "1h"]
            ) { proxy in
                try await WireConnection.with(port: proxy.port) { connection in
                    connection.send(WireConnection.chatRequest("never"))
                    await gate.waitForArrivals()
                    proxy.process.signal(signal)
                    await untilRefused(port: proxy.port)
                    proxy.process.signal(signal)
                    #expect(await proxy.process.waitForExit() == 128 + signal)
                    await connection.readToEnd()
                    #expect(connection.text.isEmpty)
                }
            }
        }
    }

    /// Those who start processes from a pool of threads have signals blocked, and hand that on.
    @Test(arguments: [SIGTERM, SIGINT], ["serve", "simulate"])
    func signalThatWasBlockedByTheParentStopsItAllTheSame(
        signal: Int32, command: String
    ) async throws {
        try await ScratchDirectory.with { home in
            let process = try RunningProcess(
                BuiltBinary.url(), [command, "--listen", "127.0.0.1:0"],
                environment: BuiltBinary.environment(home: home), blocked: [signal])
            _ = await process.output.line(containing: " listens on ")
            process.signal(signal)
            #expect(await process.waitForExit() == 0)
        }
    }

    @Test func shutdownTimeoutCutsWhatDoesNotEndAndStillExits0() async throws {
        let stuck = Gate()
        let events = Chat.events("one", "two")
        let script = Script.always(.eventStream(events).gated(by: stuck, afterPieces: 1))
        try await SimulatedUpstream.run(script) { upstream in
            try await ScratchDirectory.with { directory in
                let store = "sqlite:\(directory.path("cache.db"))"
                try await ServedProxy.with(
                    upstream: upstream.origin, store: store, ["--shutdown-timeout", "100ms"]
                ) { proxy in
                    try await WireConnection.with(port: proxy.port) { connection in
                        connection.send(WireConnection.chatRequest("stuck"))
                        await connection.read(through: events[0])
                        proxy.process.signal(SIGTERM)
                        await connection.readToEnd()
                        #expect(connection.text.contains(events[0]))
                        // The end of a chunked body would make a part look whole.
                        #expect(!connection.text.hasSuffix("0\r\n\r\n"))
                    }
                    #expect(await proxy.process.waitForExit() == 0)
                }
                stuck.open()
                try await ServedProxy.with(upstream: upstream.origin, store: store) {
                    proxy async throws in
                    #expect(!(try await proxy.ask("stuck").isHit))
                }
            }
        }
    }

    /// Returns when the port takes no more connections.
    private func untilRefused(port: Int) async {
        while true {
            do {
                // One that is taken just before the listener closes is closed in the end.
                try await WireConnection.with(port: port) { _ in }
            } catch {
                return
            }
        }
    }
}
