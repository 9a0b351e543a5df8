import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

/// Leases on one real server.
@Suite(.timeLimit(.minutes(5)))
struct RedisLeaseTests {
    private func withStore(
        _ body: (StoreCaller, RedisServerProcess) async throws -> Void
    ) async throws {
        let server = try await RedisServerProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(server.url, network)
            try await body(store, server)
            await store.close()
        }
    }

    @Test func leaseHasOneHolder() async throws {
        try await withStore { (store, server) async throws in
            let (first, second) = (store.newHolder(), store.newHolder())
            #expect(try await store.takeLease(of: 1, for: first, lasting: .seconds(1000)))
            #expect(try await !store.takeLease(of: 1, for: second, lasting: .seconds(1000)))
            #expect(try await !store.takeLease(of: 1, for: first, lasting: .seconds(1000)))
            let hex = String(decoding: SampleResponses.key(1).hex, as: UTF8.self)
            #expect(try await server.command("GET", "reprise:lease:\(hex)") == first.text)
            #expect(first.text.count == 32 && first != second)
            #expect(try await server.command("DBSIZE") == "1")
        }
    }

    @Test func onlyItsHolderRenewsALease() async throws {
        try await withStore { (store, server) async throws in
            let (first, second) = (store.newHolder(), store.newHolder())
            #expect(try await !store.renewLease(of: 1, for: first, lasting: .seconds(1000)))
            #expect(try await store.takeLease(of: 1, for: first, lasting: .seconds(1000)))
            #expect(try await !store.renewLease(of: 1, for: second, lasting: .seconds(9000)))
            #expect(try await store.renewLease(of: 1, for: first, lasting: .seconds(5000)))
            try await server.passTime(.seconds(2000))
            #expect(try await server.command("DBSIZE") == "1")
            try await server.passTime(.seconds(3000))
            #expect(try await server.command("DBSIZE") == "0")
            #expect(try await !store.renewLease(of: 1, for: first, lasting: .seconds(1000)))
            #expect(try await store.takeLease(of: 1, for: second, lasting: .seconds(1000)))
        }
    }

    @Test func onlyItsHolderEndsALease() async throws {
        try await withStore { (store, server) async throws in
            let (first, second) = (store.newHolder(), store.newHolder())
            #expect(try await store.takeLease(of: 1, for: first, lasting: .seconds(1000)))
            #expect(try await !store.endLease(of: 1, for: second))
            #expect(try await server.command("DBSIZE") == "1")
            #expect(try await store.endLease(of: 1, for: first))
            #expect(try await !store.endLease(of: 1, for: first))
            #expect(try await server.command("DBSIZE") == "0")
        }
    }

    @Test func oneOfManyTakesALease() async throws {
        try await withStore { (store, _) async throws in
            let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await store.takeLease(
                            of: 1, for: store.newHolder(), lasting: .seconds(1000))
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 1)
        }
    }
}
