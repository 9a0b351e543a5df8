import NIOCore
import NIOPosix
import RepriseCore
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

    private func open(
        _ url: String, limits: RedisStore.Limits = RedisFixture.patience
    ) throws -> RedisStore {
        try RedisFixture.open(url, limits: limits, group: RedisFixture.oneLoop)
    }

    private func loadFailure(_ store: RedisStore) async -> StoreError? {
        await RedisFixture.failure { () throws(StoreError) in
            _ = try await store.load(SampleResponses.key(1))
        }
    }

    private func untilLoading(_ store: RedisStore, _ number: Int) async throws {
        try await RedisFixture.untilWorking { () throws(StoreError) in
            _ = try await store.load(SampleResponses.key(number))
        }
    }

    /// Calls of all kinds from many tasks, while something happens to the server.
    ///
    /// - Parameter disturbance: What happens; the signal is raised by each call that fails.
    private func call(
        _ store: RedisStore, while disturbance: @escaping @Sendable (Signal) async throws -> Void
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
                                    of: SampleResponses.key(step), for: LeaseHolder(),
                                    lasting: .seconds(1))
                            default: _ = try await store.load(SampleResponses.key(step % 50))
                            }
                        }
                        if failure != nil {
                            failures.raise()
                            // Leaves the machine to the server that is to come back.
                            try await Task.sleep(for: .milliseconds(1))
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
        let store = try open(server.url)
        let error = await loadFailure(store)
        #expect(error == .unavailable("127.0.0.1:\(server.port) refuses the connection"))
        try await server.restart()
        try await untilLoading(store, 1)
        await store.close()
    }

    @Test func serverIsKilledAndRestartedUnderLoad() async throws {
        let server = try await RedisServerProcess.start()
        let store = try open(server.url)
        try await call(store) { failures in
            for _ in 0..<3 {
                try await server.kill()
                await failures.reaches(failures.count + 1)
                try await server.restart()
            }
        }
        try await untilLoading(store, 1)
        try await RedisFixture.untilWorking { () throws(StoreError) in
            try await store.save([RedisFixture.entry(1, "after")])
        }
        #expect(try await RedisFixture.text(store, 1) == "after")
        await store.close()
    }

    @Test func serverIsFrozenUnderLoad() async throws {
        let server = try await RedisServerProcess.start()
        let store = try open(server.url, limits: Self.impatience)
        try await call(store) { failures in
            server.freeze()
            await failures.reaches(failures.count + 8)
            // Until both connections have been given up.
            for _ in 0..<3 {
                _ = await RedisFixture.failure { () throws(StoreError) in
                    try await store.save([RedisFixture.entry(1, "text")])
                }
                _ = await RedisFixture.failure { () throws(StoreError) in
                    _ = try await store.load(SampleResponses.key(1))
                }
            }
            server.resume()
        }
        try await untilLoading(store, 1)
        await store.close()
    }

    @Test func hungServerIsToldAndThenLeftAlone() async throws {
        let server = try await RedisServerProcess.start()
        let store = try open(server.url, limits: Self.impatience)
        try await untilLoading(store, 1)
        server.freeze()
        let loop = RedisFixture.oneLoop.next()
        let lookups = try await loop.submit {
            (0..<10).map { store.load(SampleResponses.key($0), on: loop) }
        }.get()
        for lookup in lookups {
            await #expect(throws: StoreError.self) { _ = try await lookup.get() }
        }
        server.resume()
        try await untilLoading(store, 1)
        await store.close()
    }

    @Test func writeThatWasGivenUpDoesNotUndoALaterOne() async throws {
        let server = try await RedisServerProcess.start()
        let store = try open(server.url, limits: Self.impatience)
        for round in 0..<5 {
            try await RedisFixture.untilWorking { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "before")])
            }
            server.freeze()
            let error = await RedisFixture.failure { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "given up \(round)")])
            }
            #expect(error == .timedOut)
            server.resume()
            try await RedisFixture.untilWorking { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "after \(round)")])
            }
            // One round trip more, in which anything left over would be performed.
            try await server.command("PING")
            let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)
            #expect(try await server.command("GET", name) == "after \(round)")
        }
        await store.close()
    }

    @Test func connectionThatWasGivenUpIsEndedOnTheServer() async throws {
        let ended = Signal()
        let server = try await FakeRedis { text in
            if text.contains("HELLO") { return "%1\r\n$2\r\nid\r\n:4242\r\n" }
            let isEnd = text.contains("KILL\r\n$2\r\nID\r\n$4\r\n4242\r\n$4\r\nADDR\r\n")
            if isEnd, text.contains("\r\n127.0.0.1:") { ended.raise() }
            return text.contains("SETNAME")
                ? String(repeating: "+OK\r\n", count: isEnd ? 3 : 2) : ""
        }
        let store = try open("redis://127.0.0.1:\(server.port)", limits: Self.impatience)
        while ended.count == 0 {
            #expect(await loadFailure(store) != nil)
            try await Task.sleep(for: .milliseconds(5))
        }
        await store.close()
        try await server.close()
    }

    @Test func connectionThatTheServerClosesIsMadeAgain() async throws {
        let server = try await RedisServerProcess.start()
        let store = try open(server.url)
        for number in 0..<5 {
            try await RedisFixture.untilWorking { () throws(StoreError) in
                try await store.save([RedisFixture.entry(number, "text")])
            }
            try await untilLoading(store, number)
            try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        }
        try await untilLoading(store, 1)
        await store.close()
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\n",
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        "$-5\r\n", "*1000000000\r\n", "$100000000000\r\n", "-BUSY no time\r\n", "*1\r\n$5\r\nab",
        "", ":", "%1\r\n+a\r\n", ">1\r\n+a\r\n",
    ])
    func rubbishEndsEveryCall(answer: String) async throws {
        let server = try await FakeRedis { _ in answer }
        for url in ["redis://127.0.0.1", "rediss://127.0.0.1", "redis-cluster://127.0.0.1"] {
            let store = try open(
                "\(url):\(server.port)", limits: Self.impatience)
            for _ in 0..<3 {
                let failure = await loadFailure(store)
                switch failure {
                case .unavailable, .timedOut, .corrupt: break
                default: Issue.record("\(url): \(String(describing: failure))")
                }
            }
            let failure = await RedisFixture.failure { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "text")])
            }
            #expect(failure != nil)
            await store.close()
        }
        try await server.close()
    }

    @Test func serverThatHangsUpAtOnceEndsEveryCall() async throws {
        let server = try await FakeRedis { _ in nil }
        let store = try open("redis://127.0.0.1:\(server.port)")
        for _ in 0..<3 {
            #expect(
                await loadFailure(store)
                    == .unavailable("127.0.0.1:\(server.port) closed the connection"))
        }
        await store.close()
        try await server.close()
    }

    @Test func answersToNothingEndTheConnection() async throws {
        // A handshake that goes well, and then two replies for one command.
        let server = try await FakeRedis.ready { _ in "$1\r\na\r\n$1\r\nb\r\n" }
        let store = try open("redis://127.0.0.1:\(server.port)")
        #expect(try await RedisFixture.text(store, 1) == "a")
        let failure = await loadFailure(store)
        // The connection may have been made again by now.
        #expect(
            failure == nil
                || failure
                    == .unavailable(
                        "127.0.0.1:\(server.port) answered what it was not asked")
        )
        await store.close()
        try await server.close()
    }

    @Test func commandsThatWaitAreBounded() async throws {
        let server = try await FakeRedis.ready { _ in "" }
        let store = try open("redis://127.0.0.1:\(server.port)")
        let loop = RedisFixture.oneLoop.next()
        let last = try await loop.submit {
            for number in 0..<RedisLink.mostPending {
                _ = store.load(SampleResponses.key(number % 10), on: loop)
            }
            return store.load(SampleResponses.key(1), on: loop)
        }.get()
        await #expect(
            throws: StoreError.unavailable("too many commands wait for 127.0.0.1:\(server.port)")
        ) { _ = try await last.get() }
        await store.close()
        try await server.close()
    }
}
