import RepriseCore
import RepriseStorage
import RepriseTesting
import Testing

/// Leases on one real server.
@Suite(.timeLimit(.minutes(5)))
struct RedisLeaseTests {
    private let key = SampleResponses.key(1)
    private let first = LeaseHolder()
    private let second = LeaseHolder()

    @Test func leaseHasOneHolder() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        #expect(try await !store.isLeased(key))
        #expect(try await store.takeLease(of: key, for: first, lasting: .seconds(1000)))
        #expect(try await !store.takeLease(of: key, for: second, lasting: .seconds(1000)))
        #expect(try await !store.takeLease(of: key, for: first, lasting: .seconds(1000)))
        #expect(try await store.isLeased(key))
        #expect(try await !store.isLeased(SampleResponses.key(2)))
        let name = "reprise:lease:" + String(decoding: key.hex, as: UTF8.self)
        #expect(try await server.command("GET", name) == first.text)
        await store.close()
    }

    @Test func onlyItsHolderRenewsALease() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        #expect(try await !store.renewLease(of: key, for: first, lasting: .seconds(1000)))
        #expect(try await store.takeLease(of: key, for: first, lasting: .seconds(1000)))
        #expect(try await !store.renewLease(of: key, for: second, lasting: .seconds(9000)))
        #expect(try await store.renewLease(of: key, for: first, lasting: .seconds(5000)))
        try await server.passTime(.seconds(2000))
        #expect(try await store.isLeased(key))
        try await server.passTime(.seconds(3000))
        #expect(try await !store.isLeased(key))
        #expect(try await !store.renewLease(of: key, for: first, lasting: .seconds(1000)))
        #expect(try await store.takeLease(of: key, for: second, lasting: .seconds(1000)))
        await store.close()
    }

    @Test func onlyItsHolderEndsALease() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        #expect(try await store.takeLease(of: key, for: first, lasting: .seconds(1000)))
        try await store.endLease(of: key, for: second)
        #expect(try await store.isLeased(key))
        try await store.endLease(of: key, for: first)
        try await store.endLease(of: key, for: first)
        #expect(try await !store.isLeased(key))
        await store.close()
    }

    @Test func oneOfManyTakesALease() async throws {
        let server = try await RedisServerProcess.start()
        let store = try RedisFixture.open(server.url)
        let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await store.takeLease(
                        of: SampleResponses.key(1), for: LeaseHolder(), lasting: .seconds(1000))
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(taken == 1)
        await store.close()
    }
}
