import Logging
import NIOCore
import NIOPosix
import RepriseCore
import RepriseStorage
import RepriseTesting
import Testing

/// The store on one real server.
@Suite(.timeLimit(.minutes(5)))
struct RedisStoreTests {
    private let key = SampleResponses.key(1)
    private var name: String { String(decoding: key.storeName, as: UTF8.self) }

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        let server = try await RedisServerProcess.start()
        let suite = StoreConformance(passTime: { try await server.passTime($0) }) { clock in
            try RedisFixture.open(server.url, clock: clock)
        }
        #expect(try await suite.failures(of: check) == [])
    }

    @Test func entryIsReadableWithRedisOwnTools() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        let text = "{\"v\":1,\"status\":200}\n{\"answer\":\"día 42\"}"
        try await store.save([RedisFixture.entry(1, text)])
        #expect(try await server.command("GET", name) == text)
        #expect(try await server.command("TYPE", name) == "string")
        #expect(try await server.command("TTL", name) == "-1")
        try await server.command("SET", name, "from elsewhere")
        #expect(try await RedisFixture.text(store, 1) == "from elsewhere")
        await store.close()
    }

    @Test func entryExpiresWhenItsRetentionIsOver() async throws {
        let server = try await RedisServerProcess.start()
        let clock = ManualClock()
        let store = try RedisFixture.open(server.url, clock: clock.wallClock)
        try await store.save([
            RedisFixture.entry(1, "a", until: clock.now + 1_000_000),
            RedisFixture.entry(2, "b", until: clock.now - 1),
            RedisFixture.entry(3, "c", until: .min),
            RedisFixture.entry(4, "d", until: .max),
        ])
        let left = try #require(Int(try await server.command("PTTL", name)))
        #expect(900_000...1_000_000 ~= left)
        try await server.passTime(.milliseconds(10))
        #expect(try await RedisFixture.text(store, 2) == nil)
        #expect(try await RedisFixture.text(store, 3) == nil)
        #expect(try await RedisFixture.text(store, 4) == "d")
        await store.close()
    }

    @Test func databaseOfTheURLIsUsed() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url + "/7")
        try await store.save([RedisFixture.entry(1, "seven")])
        #expect(try await server.command("GET", name) == "")
        #expect(try await server.command("-n", "7", "GET", name) == "seven")
        #expect(try await server.command("CLIENT", "LIST").contains("name=reprise"))
        await store.close()
    }

    @Test func databaseThatIsNotThereIsTold() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url + "/99")
        let error = await RedisFixture.failure { () throws(StoreError) in
            _ = try await store.load(SampleResponses.key(1))
        }
        #expect(error == .unavailable("127.0.0.1:\(server.port) has no database 99"))
        await store.close()
    }

    @Test func everyLoopHasAConnectionOfItsOwn() async throws {
        let server = try await RedisServerProcess.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let store = try RedisFixture.open(server.url, group: group)
        try await store.save((0..<50).map { RedisFixture.entry($0, "text \($0)") })
        for loop in group.makeIterator() {
            let futures = try await loop.submit {
                (0..<50).map { number in
                    let future = store.load(SampleResponses.key(number), on: loop)
                    #expect(future.eventLoop === loop)
                    return future
                }
            }.get()
            for (number, future) in futures.enumerated() {
                #expect(try await future.get().map { String(buffer: $0) } == "text \(number)")
            }
        }
        let other = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let future = store.load(SampleResponses.key(1), on: other.next())
        #expect(future.eventLoop === other.next())
        #expect(try await future.get().map { String(buffer: $0) } == "text 1")
        let clients = try await server.command("CLIENT", "LIST").split(separator: "\n")
        // A loop's own for lookups, one for writes.
        #expect(clients.filter { $0.contains("name=reprise") }.count == 4)
        await store.close()
        try await group.shutdownGracefully()
        try await other.shutdownGracefully()
    }

    @Test func manyLookupsAtOnceAreAnsweredInOrder() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        let count = 500
        try await store.save(
            (0..<count).map { RedisFixture.entry($0, String(repeating: "\($0) ", count: $0)) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    let text = try await RedisFixture.text(store, number)
                    #expect(text == String(repeating: "\(number) ", count: number))
                }
            }
            try await group.waitForAll()
        }
        await store.close()
    }

    @Test func keyOfAnotherTypeIsNothingUntilItIsReplaced() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        try await server.command("RPUSH", name, "a")
        #expect(try await RedisFixture.text(store, 1) == nil)
        try await store.save([RedisFixture.entry(1, "text")])
        #expect(try await RedisFixture.text(store, 1) == "text")
        await store.close()
    }

    @Test func fullServerIsToldAndReadsGoOn() async throws {
        var options = RedisServerProcess.Options()
        options.arguments = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]
        let server = try await RedisServerProcess.start(options)
        let store = try RedisFixture.open(server.url)
        try await store.save([RedisFixture.entry(1, "small")])
        let large = (2..<30).map {
            RedisFixture.entry($0, String(repeating: "x", count: 500_000))
        }
        let error = await RedisFixture.failure { () throws(StoreError) in
            try await store.save(large)
        }
        #expect(error == .full)
        #expect(try await RedisFixture.text(store, 1) == "small")
        try await store.remove(large.map(\.key))
        try await store.save([RedisFixture.entry(31, "small")])
        await store.close()
    }

    @Test func closingTwiceIsAsGoodAsOnce() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        await store.close()
        await store.close()
        let error = await RedisFixture.failure { () throws(StoreError) in
            try await store.remove([SampleResponses.key(1)])
        }
        #expect(error == .unavailable("the store is closed"))
        try await server.untilAnswer("CLIENT", "LIST") { !$0.contains("name=reprise") }
    }
}
