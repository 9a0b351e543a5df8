import NIOCore
import NIOPosix
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

/// One connection whose commands have deadlines of their own.
@Suite(.timeLimit(.minutes(5)))
struct RedisLinkTests {
    private let loop = RedisFixture.oneLoop.next()

    private func link(to server: FakeRedis) throws -> RedisLink {
        let address = try RedisAddress(parsing: "redis://127.0.0.1:\(server.port)")
        return RedisLinks(address, limits: RedisFixture.patience)
            .link(to: address.endpoints[0], for: .lookups, on: loop)
    }

    private func get(
        _ link: RedisLink, _ number: Int, within deadline: TimeAmount
    ) async throws -> String? {
        try await loop.flatSubmit {
            link.get(SampleResponses.key(number), deadline: .now() + deadline)
        }.get().map { String(buffer: $0) }
    }

    /// Returns when a command can be sent at once, however short its deadline.
    private func connect(_ link: RedisLink) async throws {
        let pong = try await loop.flatSubmit {
            link.send(RedisCommand("PING"), deadline: .now() + .seconds(30))
        }.get()
        #expect(pong.text == "PONG")
    }

    @Test func shortDeadlineIsKeptBehindALongOne() async throws {
        let server = try await FakeRedis.ready { $0.contains("PING") ? "+PONG\r\n" : "" }
        let link = try link(to: server)
        try await connect(link)
        let long = try await loop.submit {
            link.get(SampleResponses.key(1), deadline: .now() + .hours(1))
        }.get()
        await #expect(throws: StoreError.timedOut) {
            _ = try await get(link, 2, within: .milliseconds(10))
        }
        try await loop.submit { link.close() }.get()
        await #expect(throws: StoreError.unavailable("the store is closed")) {
            _ = try await long.get()
        }
        try await server.close()
    }

    @Test func slowReplyCostsItsOwnCommandOnly() async throws {
        let name = String(decoding: SampleResponses.key(1).hex, as: UTF8.self)
        let other = String(decoding: SampleResponses.key(2).hex, as: UTF8.self)
        // Half of the first reply; what is missing comes with the second.
        let server = try await FakeRedis.ready { text in
            (text.contains("PING") ? "+PONG\r\n" : "")
                + (text.contains(name) ? "$10\r\nabcde" : "")
                + (text.contains(other) ? "fghij\r\n$1\r\nb\r\n" : "")
        }
        let link = try link(to: server)
        try await connect(link)
        await #expect(throws: StoreError.timedOut) {
            _ = try await get(link, 1, within: .milliseconds(10))
        }
        #expect(try await get(link, 2, within: .seconds(30)) == "b")
        try await loop.submit { link.close() }.get()
        try await server.close()
    }
}
