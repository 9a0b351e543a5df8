import RepriseNetwork
import Testing

@testable import RepriseStorage

/// The slots of a cluster, and the waits between attempts to connect.
struct RedisSlotMapTests {
    private let teller = RedisEndpoint(host: "seed", port: 1)

    private func node(_ host: String?, _ port: Int64) -> RESPValue {
        .array([host.map { .bulk(Array($0.utf8)) } ?? .null, .integer(port)])
    }

    private func range(_ first: Int64, _ last: Int64, _ nodes: RESPValue...) -> RESPValue {
        .array([.integer(first), .integer(last)] + nodes)
    }

    /// From the Redis cluster specification and `CLUSTER KEYSLOT` of Redis 7.
    @Test(arguments: [("123456789", 0x31C3), ("foo", 12182), ("bar", 5061), ("", 0)])
    func slotOfAKeyIsThatOfRedis(key: String, slot: Int) {
        #expect(RedisSlotMap.slot(of: key.utf8) == slot)
    }

    @Test func everySlotHasItsNode() throws {
        let reply = RESPValue.array([
            range(0, 99, node("a", 1), node("replica", 9)), range(100, 16_000, node(nil, 2)),
            range(16_001, 16_382, node("a", 1)),
        ])
        var map = try #require(RedisSlotMap(reply, toldBy: teller))
        let (a, seed) = (
            RedisEndpoint(host: "a", port: 1), RedisEndpoint(host: "seed", port: 2)
        )
        #expect(map.nodes == [a, seed])
        #expect(map.node(of: 0) == a && map.node(of: 99) == a && map.node(of: 16_382) == a)
        #expect(map.node(of: 100) == seed && map.node(of: 16_000) == seed)
        #expect(map.node(of: 16_383) == nil)
        let new = RedisEndpoint(host: "new", port: 3)
        map.assign(16_383, to: new)
        map.assign(0, to: seed)
        #expect(map.node(of: 16_383) == new && map.node(of: 0) == seed && map.node(of: 1) == a)
    }

    @Test func otherRepliesAreNoMap() {
        let replies: [RESPValue] = [
            .null, .array([]), .integer(1), .array([.null]), .array([range(0, 1)]),
            .array([range(1, 0, node("a", 1))]), .array([range(-1, 0, node("a", 1))]),
            .array([range(0, 16_384, node("a", 1))]), .array([range(0, 1, node("a", 0))]),
            .array([range(0, 1, node("a", 65_536))]), .array([range(0, 1, .array([]))]),
        ]
        for reply in replies { #expect(RedisSlotMap(reply, toldBy: teller) == nil) }
    }

    @Test func waitsDoubleUpToTheirLimitAndDiffer() {
        var backOff = RedisBackOff(initial: .milliseconds(50), limit: .milliseconds(300))
        var random = SystemRandomNumberGenerator()
        for bound: Int64 in [50, 100, 200, 300, 300] {
            let wait = backOff.next(random: random.next())
            #expect(Duration.milliseconds(bound) / 2 <= wait && wait <= .milliseconds(bound))
        }
        backOff.reset()
        #expect(backOff.next(random: random.next()) <= .milliseconds(50))
        let waits = Set((0..<20).map { _ in backOff.next(random: random.next()) })
        #expect(waits.count > 1)
    }
}
