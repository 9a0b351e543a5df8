import NIOCore
import NIOPosix
import RepriseCore
import RepriseTesting
import Synchronization
import Testing

@testable import RepriseStorage

/// Nodes of a cluster that are slow, hang, or are about to join.
@Suite(.timeLimit(.minutes(5)))
struct RedisClusterFaultTests {
    private let loop = RedisFixture.oneLoop.next()

    private func name(_ number: Int) -> String {
        String(decoding: SampleResponses.key(number).hex, as: UTF8.self)
    }

    private func open(_ seeds: Int...) throws -> RedisStore {
        let hosts = seeds.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        return try RedisFixture.open("redis-cluster://\(hosts)", group: RedisFixture.oneLoop)
    }

    /// Begins a lookup, and returns when it is under way.
    private func load(
        _ store: RedisStore, _ number: Int
    ) async throws -> EventLoopFuture<ByteBuffer?> {
        try await loop.submit { store.load(SampleResponses.key(number), on: loop) }.get()
    }

    /// The reply to `CLUSTER SLOTS` of a cluster of one node.
    private func slots(of node: FakeRedis) -> String {
        "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(node.port)\r\n"
    }

    /// How a seed fails.
    enum Fault: CaseIterable, Sendable {
        case refuses, hangsUp, hangs
    }

    @Test(arguments: Fault.allCases)
    func slowSeedIsWaitedForWhileAnotherFails(fault: Fault) async throws {
        let bad = try await FakeRedis { _ in fault == .hangs ? "" : nil }
        let refusing = try RedisPorts(1)
        let asked = Signal()
        let good = try await FakeRedis.ready { text in
            guard text.contains("CLUSTER") else { return "$4\r\ntext\r\n" }
            asked.raise()
            return ""
        }
        let store = try open(fault == .refuses ? refusing.numbers[0] : bad.port, good.port)
        await asked.reaches(1)
        let text = try await load(store, 1)
        try await good.say(slots(of: good))
        #expect(try await text.get() == ByteBuffer(string: "text"))
        await store.close()
        try await good.close()
        try await bad.close()
    }

    /// What a node tells of the slots, once a test knows.
    private final class Slots: Sendable {
        let text = Mutex("")
    }

    @Test func nodeThatIsAboutToGetItsFirstSlotIsNotCutOff() async throws {
        let asked = Signal()
        let next = try await FakeRedis.ready { text in
            if text.contains("GET") { asked.raise() }
            return text.contains("ASKING") ? "+OK\r\n" : ""
        }
        let told = Signal()
        let known = Slots()
        let (moving, failing) = (name(1), name(2))
        let owner = try await FakeRedis.ready { [port = next.port] text in
            if text.contains("CLUSTER") {
                let reply = known.text.withLock { $0 }
                told.raise()
                return reply
            }
            if text.contains(moving) { return "-ASK 1 127.0.0.1:\(port)\r\n" }
            return text.contains(failing) ? "-LOADING\r\n" : "$4\r\nhere\r\n"
        }
        let store = try open(owner.port)
        await told.reaches(1)
        known.text.withLock { $0 = slots(of: owner) }
        try await owner.say(slots(of: owner))
        let text = try await load(store, 1)
        await asked.reaches(1)
        // Makes the store ask for the slots again, of which the other node has none yet.
        let failure = try await load(store, 2)
        await #expect(throws: StoreError.self) { _ = try await failure.get() }
        await told.reaches(2)
        // Answered after the slots, on the same connection.
        #expect(try await load(store, 3).get() == ByteBuffer(string: "here"))
        try await next.say("$5\r\nthere\r\n")
        #expect(try await text.get() == ByteBuffer(string: "there"))
        await store.close()
        try await owner.close()
        try await next.close()
    }
}
