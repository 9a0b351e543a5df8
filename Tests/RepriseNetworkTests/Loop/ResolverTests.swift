import RepriseNetwork
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ResolverTests {
    private func resolve(
        _ host: String, port: UInt16 = 80, on loop: any EventLoop
    ) async -> Result<[SocketAddress], NetworkError> {
        await withCheckedContinuation { continuation in
            loop.post {
                _ = loop.resolve(host, port: port) { continuation.resume(returning: $0) }
            }
        }
    }

    @Test func localhostIsThisMachine() async throws {
        try await withNetwork { network in
            // The second one comes from what is kept.
            for _ in 0..<2 {
                let found = try await resolve("localhost", port: 81, on: network.loops[0]).get()
                #expect(!found.isEmpty)
                #expect(found.allSatisfy { ["127.0.0.1:81", "[::1]:81"].contains($0.description) })
            }
        }
    }

    @Test func manyWhoWaitForOneHostAreAllTold() async throws {
        try await withNetwork(loopCount: 2) { network in
            await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let answer = await resolve(
                            "localhost", port: UInt16(index), on: network.loops[index % 2])
                        guard case .success(let found) = answer else { return false }
                        return found.allSatisfy { $0.port == UInt16(index) }
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test(arguments: ["127.0.0.1", "::1", "192.0.2.7", "fe80::1%1"])
    func anAddressIsItsOwnAnswer(text: String) async throws {
        try await withNetwork { network in
            let found = try await resolve(text, port: 443, on: network.loops[0]).get()
            #expect(found == [SocketAddress(host: text, port: 443)])
        }
    }

    @Test(arguments: ["", "local\0host", String(repeating: "a", count: 300)])
    func whatCanBeNoNameIsUnknown(name: String) async throws {
        try await withNetwork { network in
            #expect(await resolve(name, on: network.loops[0]) == .failure(.unknownHost))
        }
    }

    @Test func anUnknownNameFails() async throws {
        try await withNetwork { network in
            switch await resolve("nonexistent.invalid", on: network.loops[0]) {
            case .success(let found): Issue.record("found \(found)")
            // Which one depends on whether this machine has a name server that answers.
            case .failure(.unknownHost), .failure(.lookupFailed): break
            case .failure(let error): Issue.record("\(error)")
            }
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func aCancelledLookUpIsNotAnswered(host: String) async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let called = Shared(false)
            await loop.run {
                let attempt = loop.resolve(host, port: 1) { _ in called.withLock { $0 = true } }
                attempt.cancel()
                attempt.cancel()
            }
            _ = await resolve("localhost", on: loop)
            _ = await resolve("127.0.0.1", on: loop)
            #expect(!called.withLock { $0 })
        }
    }
}
