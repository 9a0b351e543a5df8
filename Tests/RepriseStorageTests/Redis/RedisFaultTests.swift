import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

/// Servers that go away, hang, or talk rubbish: every call ends, and calls work again by themselves.
@Suite(.timeLimit(.minutes(5)))
struct RedisFaultTests {
    /// Deadlines for servers that will not keep them.
    private static var impatience: RedisStore.Limits {
        var limits = RedisStore.Limits()
        limits.lookupDeadline = .milliseconds(200)
        limits.writeDeadline = .milliseconds(400)
        limits.connectDeadline = .milliseconds(500)
        return limits
    }

    /// Calls of all kinds from many tasks, while something happens to the server.
    ///
    /// - Parameter disturbance: What happens; the signal is raised by each call that fails.
    private func call(
        _ store: StoreCaller, while disturbance: @escaping @Sendable (Signal) async throws -> Void
    ) async throws {
        let isOver = Signal()
        let failures = Signal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    // It is stopped by the disturbance's end, and makes some calls after that.
                    for step in 0... {
                        let isLast = isOver.count > 0
                        let failure = await RedisFixture.failure { () throws(StoreError) in
                            switch task {
                            case 0: try await store.save([RedisFixture.entry(step % 50, "text")])
                            case 1:
                                _ = try await store.takeLease(
                                    of: step, for: store.newHolder(), lasting: .seconds(1))
                            default: _ = try await store.load(step % 50)
                            }
                        }
                        if failure != nil {
                            failures.raise()
                            // Leaves the machine to the server that is to come back.
                            _ = try await CommandOutput.run(["true"])
                        }
                        if isLast { break }
                    }
                }
            }
            group.addTask {
                try await disturbance(failures)
                isOver.raise()
            }
            try await group.waitForAll()
        }
    }

    @Test func serverThatIsDownAtTheBeginningIsFoundLater() async throws {
        let server = try await RedisServerProcess.start()
        try await server.kill()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            #expect(
                await store.loadFailure()
                    == .unavailable("127.0.0.1:\(server.port) refuses the connection"))
            try await server.restart()
            await store.untilLoading()
            await store.close()
        }
    }

    @Test func serverIsKilledAndRestartedUnderLoad() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            try await call(store) { failures in
                for _ in 0..<3 {
                    try await server.kill()
                    await failures.reaches(failures.count + 1)
                    try await server.restart()
                }
            }
            await store.untilLoading()
            await store.untilSaving([RedisFixture.entry(1, "after")])
            #expect(try await store.text(1) == "after")
            await store.close()
        }
    }

    @Test func serverIsFrozenUnderLoad() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network, limits: Self.impatience)
            try await call(store) { failures in
                server.freeze()
                await failures.reaches(failures.count + 8)
                // Until both connections have been given up.
                for _ in 0..<3 {
                    _ = await store.saveFailure([RedisFixture.entry(1, "text")])
                    _ = await store.loadFailure()
                }
                server.resume()
            }
            await store.untilLoading()
            await store.close()
        }
    }

    @Test func writeThatWasGivenUpDoesNotUndoALaterOne() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network, limits: Self.impatience)
            for round in 0..<5 {
                await store.untilSaving([RedisFixture.entry(1, "before")])
                server.freeze()
                let error = await store.saveFailure([RedisFixture.entry(1, "given up \(round)")])
                #expect(error == .timedOut)
                server.resume()
                await store.untilSaving([RedisFixture.entry(1, "after \(round)")])
                // One round trip more, in which anything left over would be performed.
                try await server.command("PING")
                let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)
                #expect(try await server.command("GET", name) == "after \(round)")
            }
            await store.close()
        }
    }

    @Test func connectionThatWasGivenUpIsEndedOnTheServer() async throws {
        let ended = Signal()
        let server = try FakeRedis { text in
            if text.contains("HELLO") { return "%1\r\n$2\r\nid\r\n:4242\r\n" }
            let isEnd = text.contains("KILL\r\n$2\r\nID\r\n$4\r\n4242\r\n$4\r\nADDR\r\n")
            if isEnd, text.contains("\r\n127.0.0.1:") { ended.raise() }
            return text.contains("SETNAME")
                ? String(repeating: "+OK\r\n", count: isEnd ? 3 : 2) : ""
        }
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(
                "redis://127.0.0.1:\(server.port)", network, limits: Self.impatience)
            while ended.count == 0 { #expect(await store.loadFailure() != nil) }
            await store.close()
        }
        server.close()
    }

    @Test func connectionThatTheServerClosesIsMadeAgain() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            for number in 0..<5 {
                await store.untilSaving([RedisFixture.entry(number, "text")])
                await store.untilLoading(number)
                try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            }
            await store.untilLoading()
            await store.close()
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\n",
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        "$-5\r\n", "*1000000000\r\n", "$100000000000\r\n", "-BUSY no time\r\n", "*1\r\n$5\r\nab",
        "", ":", "%1\r\n+a\r\n", ">1\r\n+a\r\n",
    ])
    func rubbishEndsEveryCall(answer: String) async throws {
        let server = try FakeRedis { _ in answer }
        try await withSystemNetwork { network in
            for url in ["redis://127.0.0.1", "rediss://127.0.0.1", "redis-cluster://127.0.0.1"] {
                let store = try RedisFixture.open(
                    "\(url):\(server.port)", network, limits: Self.impatience)
                for _ in 0..<3 {
                    switch await store.loadFailure() {
                    case .unavailable, .timedOut, .corrupt: break
                    case let failure: Issue.record("\(url): \(String(describing: failure))")
                    }
                }
                #expect(await store.saveFailure([RedisFixture.entry(1, "text")]) != nil)
                await store.close()
            }
        }
        server.close()
    }

    @Test func serverThatHangsUpAtOnceEndsEveryCall() async throws {
        let server = try FakeRedis { _ in nil }
        try await withSystemNetwork { network in
            let store = try RedisFixture.open("redis://127.0.0.1:\(server.port)", network)
            for _ in 0..<3 {
                #expect(
                    await store.loadFailure()
                        == .unavailable("127.0.0.1:\(server.port) closed the connection"))
            }
            await store.close()
        }
        server.close()
    }

    @Test func answersToNothingEndTheConnection() async throws {
        // A handshake that goes well, and then two replies for one command.
        let server = try FakeRedis.ready { _ in "$1\r\na\r\n$1\r\nb\r\n" }
        try await withSystemNetwork { network in
            let store = try RedisFixture.open("redis://127.0.0.1:\(server.port)", network)
            #expect(try await store.text(1) == "a")
            let failure = await store.loadFailure()
            // The connection may have been made again by now.
            #expect(
                failure == nil
                    || failure
                        == .unavailable(
                            "127.0.0.1:\(server.port) answered what it was not asked")
            )
            await store.close()
        }
        server.close()
    }

    @Test func commandsThatWaitAreBounded() async throws {
        let server = try FakeRedis.ready { _ in "" }
        try await withSystemNetwork { network in
            let store = try RedisFixture.open("redis://127.0.0.1:\(server.port)", network)
            let loop = store.loop
            let last: Result<[UInt8]?, StoreError> = await withCheckedContinuation { continuation in
                loop.post {
                    for number in 0..<RedisLink.mostPending {
                        _ = store.store.load(SampleResponses.key(number % 10), on: loop) { _ in }
                    }
                    _ = store.store.load(SampleResponses.key(1), on: loop) {
                        continuation.resume(returning: $0)
                    }
                }
            }
            #expect(
                last
                    == .failure(
                        .unavailable("too many commands wait for 127.0.0.1:\(server.port)")))
            await store.close()
        }
        server.close()
    }

    @Test func slowReplyCostsItsOwnCommandOnly() async throws {
        let name = String(decoding: SampleResponses.key(1).hex, as: UTF8.self)
        let other = String(decoding: SampleResponses.key(2).hex, as: UTF8.self)
        // Half of the first reply; what is missing comes with the second.
        let server = try FakeRedis.ready { text in
            (text.contains(name) ? "$10\r\nabcde" : "")
                + (text.contains(other) ? "fghij\r\n$1\r\nb\r\n" : "")
        }
        try await withSystemNetwork { network in
            let address = try RedisAddress(parsing: "redis://127.0.0.1:\(server.port)")
            let nodes = RedisNodes(
                RedisLinks(address, limits: RedisFixture.patience), on: network.loops[0])
            func get(
                _ number: Int, within limit: Duration
            ) async -> Result<RESPValue, StoreError> {
                await withCheckedContinuation { continuation in
                    nodes.loop.post {
                        nodes.send(
                            .get(SampleResponses.key(number)), for: .lookups,
                            deadline: nodes.loop.now + limit
                        ) { continuation.resume(returning: $0) }
                    }
                }
            }
            #expect(await get(1, within: .milliseconds(500)) == .failure(.timedOut))
            #expect(await get(2, within: .seconds(30)) == .success(.bulk([UInt8(ascii: "b")])))
            nodes.loop.post { nodes.close() }
        }
        server.close()
    }
}
