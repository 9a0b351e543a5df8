import Foundation
import RepriseSimulator
import RepriseTesting
import Testing

/// A Redis that fails in every way costs caching, not requests.
@Suite(.timeLimit(.minutes(5)))
struct StoreFaultTests {
    /// An upstream that answers with the question's length, so that a mixed-up answer shows.
    private static let script = Script { .json(answer(to: $0.bodyText)) }

    private static func answer(to request: String) -> String {
        let name = request.split(separator: "\"").first { $0.hasPrefix("question ") } ?? "none"
        return Chat.answer(String(name))
    }

    /// The lines that tell a change of the store's state, without their times.
    private func changes(_ proxy: ServedProxy) -> [Substring] {
        proxy.process.errors.text.split(separator: "\n").filter {
            $0.contains(" store fails; ") || $0.contains(" store works again; ")
        }.map { $0.drop { $0 != " " }.dropFirst() }
    }

    private func count(_ text: String, _ proxy: ServedProxy) -> Int {
        changes(proxy).count { $0.contains(text) }
    }

    /// Asks questions that nobody has asked, each of which must be answered.
    private func ask(_ names: [String], _ proxy: ServedProxy) async throws {
        for name in names {
            let question = "question \(name)"
            let reply = try await proxy.ask(question)
            #expect(reply.status == 200)
            #expect(reply.body == Self.answer(to: Chat.request(question)))
            #expect(!reply.isHit)
            // From memory.
            #expect(try await proxy.ask(question).isHit)
        }
    }

    /// Asks what nobody has asked until the log has a line with a text.
    private func ask(_ proxy: ServedProxy, untilLogged text: String) async throws -> Substring {
        var round = 0
        while true {
            if let line = changes(proxy).first(where: { $0.contains(text) }) { return line }
            round += 1
            try await ask(["\(text) \(round)"], proxy)
        }
    }

    /// Asks until the log tells both that lookups and that writes go on without the store.
    private func askUntilLogged(_ proxy: ServedProxy) async throws {
        _ = try await ask(proxy, untilLogged: "store fails; lookups")
        _ = try await ask(proxy, untilLogged: "store fails; responses")
        // These do not wait for the store, nor are they logged.
        try await ask((0..<50).map { "without \($0)" }, proxy)
    }

    /// Asks until the store is written to and read from again.
    private func untilCachingResumes(
        _ proxy: ServedProxy, _ redis: RedisServerProcess, _ upstream: SimulatedUpstream,
        store: String
    ) async throws {
        _ = try await ask(proxy, untilLogged: "works again; writes")
        try await ServedProxy.with(upstream: upstream.origin, store: store) { other in
            var number = 0
            var isHit = false
            while !isHit {
                number += 1
                let question = "question after \(number)"
                let before = Set(try await redis.entries())
                _ = try await other.ask(question)
                while Set(try await redis.entries()).subtracting(before).isEmpty {
                    await Task.yield()
                }
                isHit = try await proxy.ask(question).isHit
            }
        }
        #expect(count("works again; lookups use it", proxy) == 1)
        #expect(count("works again; writes use it", proxy) == 1)
        #expect(count("store fails; lookups", proxy) == 1)
        #expect(count("store fails; responses", proxy) == 1)
    }

    @Test func storeThatIsDownAtTheStartIsUsedOnceItIsThere() async throws {
        let redis = try await RedisServerProcess.start()
        try await redis.kill()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await ServedProxy.with(upstream: upstream.origin, store: redis.url) { proxy in
                try await askUntilLogged(proxy)
                #expect(changes(proxy).allSatisfy { $0.contains("store=\(redis.url)") })
                #expect(changes(proxy).allSatisfy { $0.contains("refuses the connection") })
                try await redis.restart()
                try await untilCachingResumes(proxy, redis, upstream, store: redis.url)
            }
        }
    }

    @Test func storeThatGoesAwayIsUsedAgainWhenItIsBack() async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await ServedProxy.with(upstream: upstream.origin, store: redis.url) { proxy in
                try await ask(["first"], proxy)
                try await redis.untilEntries(1)
                try await redis.kill()
                try await askUntilLogged(proxy)
                try await redis.restart()
                try await untilCachingResumes(proxy, redis, upstream, store: redis.url)
            }
        }
    }

    @Test func storeThatHangsCostsNoMoreThanItsDeadlineAndThenNothing() async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, store: redis.url, ["--store-timeout", "100ms"]
            ) { proxy in
                try await ask(["first"], proxy)
                try await redis.untilEntries(1)
                redis.freeze()
                try await askUntilLogged(proxy)
                redis.resume()
                try await untilCachingResumes(proxy, redis, upstream, store: redis.url)
            }
        }
    }

    @Test func whatIsNoRedisIsSaidToBeNone() async throws {
        try await SimulatedUpstream.run(Self.script) { upstream in
            // It answers HTTP, whatever it is asked.
            let store = upstream.origin.replacing("http://", with: "redis://")
            try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                try await askUntilLogged(proxy)
                #expect(changes(proxy).count == 2)
                #expect(changes(proxy).allSatisfy { $0.contains("store=\(store)") })
            }
        }
    }

    @Test func wrongPasswordIsNamedButNotShown() async throws {
        var options = RedisServerProcess.Options()
        options.password = "correct-secret"
        let redis = try await RedisServerProcess.start(options)
        try await SimulatedUpstream.run(Self.script) { upstream in
            let address = "\(redis.host):\(redis.port)"
            try await ServedProxy.with(
                upstream: upstream.origin, store: "redis://:wrong-secret@\(address)",
                ["--log-level", "trace"]
            ) { proxy in
                #expect(!proxy.announcement.contains("secret"))
                try await askUntilLogged(proxy)
                #expect(changes(proxy).count == 2)
                #expect(
                    changes(proxy).allSatisfy {
                        $0.contains("\(address) refuses the user or the password")
                    })
                #expect(!proxy.process.errors.text.contains("secret"))
                try await redis.command("CONFIG", "SET", "requirepass", "wrong-secret")
                _ = try await ask(proxy, untilLogged: "works again; writes")
            }
        }
    }

    @Test func storeThatIsFullIsReadButNotWritten() async throws {
        var options = RedisServerProcess.Options()
        options.arguments = ["--maxmemory-policy", "noeviction"]
        let redis = try await RedisServerProcess.start(options)
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await ServedProxy.with(upstream: upstream.origin, store: redis.url) { proxy in
                try await ask(["first"], proxy)
                try await redis.untilEntries(1)
                try await redis.command("CONFIG", "SET", "maxmemory", "1")
                let line = try await ask(proxy, untilLogged: "store fails; responses")
                #expect(line.contains("error=full"))
                try await ask((0..<50).map { "without \($0)" }, proxy)
                try await ServedProxy.with(upstream: upstream.origin, store: redis.url) { other in
                    let reply = try await other.ask("question first")
                    #expect(reply.isHit)
                }
                #expect(changes(proxy).count == 1)

                try await redis.command("CONFIG", "SET", "maxmemory", "0")
                _ = try await ask(proxy, untilLogged: "works again; writes")
                #expect(changes(proxy).count == 2)
            }
        }
    }

    @Test func failingStoreIsNoReasonToWaitForOtherServers() async throws {
        let redis = try await RedisServerProcess.start()
        try await SimulatedUpstream.run(Self.script) { upstream in
            try await ServedProxy.with(
                upstream: upstream.origin, store: redis.url, ["--collapse-across-servers"]
            ) { proxy in
                try await ask(["first"], proxy)
                try await redis.kill()
                try await askUntilLogged(proxy)
                #expect(changes(proxy).count == 2)
                try await redis.restart()
                try await untilCachingResumes(proxy, redis, upstream, store: redis.url)
            }
        }
    }
}
