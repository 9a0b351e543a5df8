import RepriseCore
import RepriseNetwork
import RepriseTesting
import Synchronization
import Testing

@testable import RepriseStorage

/// The store on one real server.
@Suite(.timeLimit(.minutes(5)))
struct RedisStoreTests {
    private let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)

    @Test(arguments: StoreConformance.Check.allCases)
    func conforms(to check: StoreConformance.Check) async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let suite = StoreConformance(
                network: network, passTime: { try await server.passTime($0) },
                open: { try RedisFixture.open(server.url, network).store })
            let failures = try await suite.failures(of: check)
            #expect(failures == [])
        }
    }

    @Test func entryIsReadableWithRedisOwnTools() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let text = "{\"v\":1,\"status\":200}\n{\"answer\":\"día 42\"}"
            try await store.save([RedisFixture.entry(1, text)])
            #expect(try await server.command("GET", name) == text)
            #expect(try await server.command("TYPE", name) == "string")
            #expect(try await server.command("TTL", name) == "-1")
            try await server.command("SET", name, "from elsewhere")
            #expect(try await store.text(1) == "from elsewhere")
            await store.close()
        }
    }

    @Test func entryExpiresWhenItsRetentionIsOver() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let now = network.loops[0].wallClock
            try await store.save([
                RedisFixture.entry(1, "a", until: now + 1_000_000),
                RedisFixture.entry(2, "b", until: now - 1),
                RedisFixture.entry(3, "c", until: .min),
                RedisFixture.entry(4, "d", until: .max),
            ])
            let left = try #require(Int(try await server.command("PTTL", name)))
            #expect(800_000...1_000_000 ~= left)
            try await server.passTime(.milliseconds(10))
            #expect(try await store.text(2) == nil)
            #expect(try await store.text(3) == nil)
            #expect(try await store.text(4) == "d")
            await store.close()
        }
    }

    @Test func databaseOfTheURLIsUsed() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url + "/7", network)
            try await store.save([RedisFixture.entry(1, "seven")])
            #expect(try await server.command("GET", name) == "")
            #expect(try await server.command("-n", "7", "GET", name) == "seven")
            #expect(try await server.command("CLIENT", "LIST").contains("name=reprise"))
            await store.close()
        }
    }

    @Test func databaseThatIsNotThereIsTold() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url + "/99", network)
            #expect(
                await store.loadFailure()
                    == .unavailable("127.0.0.1:\(server.port) has no database 99"))
            await store.close()
        }
    }

    @Test func everyLoopHasAConnectionOfItsOwn() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork(loops: 3) { network in
            let store = try RedisFixture.open(server.url, network)
            try await store.save((0..<50).map { RedisFixture.entry($0, "text \($0)") })
            for loop in network.loops {
                let texts = Mutex<[Int: String]>([:])
                let all = TextsOfALoop(texts: texts)
                await withCheckedContinuation { continuation in
                    loop.post {
                        for number in 0..<50 {
                            _ = store.store.load(SampleResponses.key(number), on: loop) { result in
                                #expect(loop.isCurrent)
                                let text = (try? result.get()) ?? []
                                let isLast = all.texts.withLock { texts in
                                    texts[number] = String(decoding: text, as: UTF8.self)
                                    return texts.count == 50
                                }
                                if isLast { continuation.resume() }
                            }
                        }
                    }
                }
                for number in 0..<50 {
                    #expect(all.texts.withLock { $0[number] } == "text \(number)")
                }
            }
            let clients = try await server.command("CLIENT", "LIST").split(separator: "\n")
            // A loop's own for lookups, one for writes.
            #expect(clients.filter { $0.contains("name=reprise") }.count == 4)
            await store.close()
        }
    }

    private final class TextsOfALoop: Sendable {
        let texts: Mutex<[Int: String]>
        init(texts: consuming sending Mutex<[Int: String]>) { self.texts = texts }
    }

    @Test func manyLookupsAtOnceAreAnsweredInOrder() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            let count = 500
            try await store.save(
                (0..<count).map { RedisFixture.entry($0, String(repeating: "\($0) ", count: $0)) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    group.addTask {
                        let text = try await store.text(number)
                        #expect(text == String(repeating: "\(number) ", count: number))
                    }
                }
                try await group.waitForAll()
            }
            await store.close()
        }
    }

    @Test func keyOfAnotherTypeIsNothingUntilItIsReplaced() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            try await server.command("RPUSH", name, "a")
            #expect(try await store.text(1) == nil)
            try await store.save([RedisFixture.entry(1, "text")])
            #expect(try await store.text(1) == "text")
            await store.close()
        }
    }

    @Test func fullServerIsToldAndReadsGoOn() async throws {
        var options = RedisServerProcess.Options()
        options.arguments = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]
        let server = try await RedisServerProcess.start(options)
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            try await store.save([RedisFixture.entry(1, "small")])
            let large = (2..<30).map {
                RedisFixture.entry($0, String(repeating: "x", count: 500_000))
            }
            #expect(await store.saveFailure(large) == .full)
            #expect(try await store.text(1) == "small")
            try await store.remove(Array(2..<30))
            try await store.save([RedisFixture.entry(31, "small")])
            await store.close()
        }
    }

    @Test func closingTwiceIsAsGoodAsOnce() async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            await store.close()
            await store.close()
            let error = await RedisFixture.failure { () throws(StoreError) in
                try await store.remove([1])
            }
            #expect(error == .unavailable("the store is closed"))
            try await server.untilAnswer("CLIENT", "LIST") { !$0.contains("name=reprise") }
        }
    }
}
