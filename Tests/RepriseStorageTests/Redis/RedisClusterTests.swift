import NIOCore
import RepriseCore
import RepriseTesting
import Testing

@testable import RepriseStorage

/// The store on a real cluster of three nodes.
@Suite(.timeLimit(.minutes(5)))
struct RedisClusterTests {
    private func url(_ nodes: [RedisServerProcess]) -> String {
        "redis-cluster://" + nodes.map { "\($0.host):\($0.port)" }.joined(separator: ",")
    }

    /// The node that has a key's slot now.
    private func owner(
        _ cluster: RedisClusterProcess, of key: CacheKey
    ) -> (node: RedisServerProcess, slot: Int) {
        let slot = RedisSlotMap.slot(of: key.storeName)
        return (cluster.nodes[min(2, slot * 3 / RedisSlotMap.slotCount)], slot)
    }

    private func id(_ node: RedisServerProcess) async throws -> String {
        try await node.command("CLUSTER", "MYID")
    }

    @Test func conforms() async throws {
        let cluster = try await RedisClusterProcess.start()
        for check in StoreConformance.Check.allCases {
            let suite = StoreConformance(
                passTime: { duration in
                    for node in cluster.nodes { try await node.passTime(duration) }
                }, open: { clock in try RedisFixture.open(url(cluster.nodes), clock: clock) })
            #expect(try await suite.failures(of: check) == [], "\(check)")
            for node in cluster.nodes { try await node.command("FLUSHALL") }
        }
    }

    @Test func entriesAndIndexesAreSpreadOverTheNodes() async throws {
        let cluster = try await RedisClusterProcess.start()
        let store = try RedisFixture.open(url([cluster.nodes[1]]))
        try await store.save((0..<300).map { RedisFixture.entry($0, "text \($0)") })
        for number in 0..<300 {
            #expect(try await RedisFixture.text(store, number) == "text \(number)")
        }
        var members = 0
        for node in cluster.nodes {
            #expect(try #require(Int(try await node.command("DBSIZE"))) > 50)
            let answer = try await node.command("ZCARD", "reprise:index:model:gpt-test")
            members += Int(answer) ?? 0
        }
        #expect(members == 300)
        let (key, holder) = (SampleResponses.key(5), LeaseHolder())
        #expect(try await store.takeLease(of: key, for: holder, lasting: .seconds(100)))
        #expect(try await store.isLeased(key))
        try await store.endLease(of: key, for: holder)
        try await store.remove((0..<300).map { SampleResponses.key($0) })
        #expect(try await RedisFixture.text(store, 7) == nil)
        await store.close()
    }

    @Test func slotThatMovesIsFollowed() async throws {
        let cluster = try await RedisClusterProcess.start()
        let store = try RedisFixture.open(url(cluster.nodes))
        let key = SampleResponses.key(1)
        let (source, slot) = owner(cluster, of: key)
        let target = try #require(cluster.nodes.first { $0 !== source })
        // Found here first, so that the store has a map that will be wrong.
        try await store.save([RedisFixture.entry(1, "before")])
        let (sourceID, targetID) = (try await id(source), try await id(target))

        // The slot is under way, the key is still here.
        try await target.command("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
        try await source.command("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
        #expect(try await RedisFixture.text(store, 1) == "before")

        // The key is there already: the source answers ASK, the target wants ASKING.
        let name = String(decoding: key.storeName, as: UTF8.self)
        let answer = try await source.command(
            "MIGRATE", target.host, "\(target.port)", name, "0", "5000")
        #expect(answer == "OK")
        #expect(try await source.command("GET", name).hasPrefix("ASK"))
        #expect(try await target.command("GET", name).hasPrefix("MOVED"))
        #expect(try await RedisFixture.text(store, 1) == "before")
        try await store.save([RedisFixture.entry(1, "asked")])
        #expect(try await RedisFixture.text(store, 1) == "asked")

        // The slot is there: the source answers MOVED.
        for node in [target, source] {
            try await node.command("CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID)
        }
        #expect(try await source.command("GET", name).hasPrefix("MOVED"))
        #expect(try await RedisFixture.text(store, 1) == "asked")
        try await store.save([RedisFixture.entry(1, "moved")])
        #expect(try await RedisFixture.text(store, 1) == "moved")
        #expect(try await target.command("GET", name) == "moved")
        try await store.remove([key])
        #expect(try await RedisFixture.text(store, 1) == nil)
        await store.close()
    }

    @Test func lossOfANodeCostsItsSlotsOnly() async throws {
        let cluster = try await RedisClusterProcess.start()
        let store = try RedisFixture.open(
            url(cluster.nodes), group: RedisFixture.oneLoop)
        try await store.save((0..<60).map { RedisFixture.entry($0, "text") })
        let lost = cluster.nodes[0]
        let (gone, kept) = (0..<60).reduce(into: ([Int](), [Int]())) { lists, number in
            let isGone = owner(cluster, of: SampleResponses.key(number)).node === lost
            if isGone { lists.0.append(number) } else { lists.1.append(number) }
        }
        #expect(!gone.isEmpty && !kept.isEmpty)
        try await lost.kill()
        for number in gone {
            let error = await RedisFixture.failure { () throws(StoreError) in
                _ = try await store.load(SampleResponses.key(number))
            }
            guard case .unavailable = error else {
                Issue.record("a lost node: \(String(describing: error))")
                continue
            }
        }
        for number in kept { #expect(try await RedisFixture.text(store, number) == "text") }

        // It comes back, empty, under another name, and its slots are given to another node.
        let heir = cluster.nodes[1]
        let lostID = try await cluster.nodes[2].command("CLUSTER", "NODES")
            .split(separator: "\n").first { $0.contains(":\(lost.port)@") }?
            .split(separator: " ").first.map(String.init)
        for node in cluster.nodes.dropFirst() {
            try await node.command("CLUSTER", "FORGET", try #require(lostID))
        }
        try await heir.command("CLUSTER", "ADDSLOTSRANGE", "0", "5460")
        // Until then the other node would tell the store that nobody has them.
        for node in cluster.nodes.dropFirst() {
            try await node.untilAnswer("CLUSTER", "INFO") {
                $0.contains("cluster_slots_assigned:16384")
            }
        }
        try await RedisFixture.untilWorking { () throws(StoreError) in
            try await store.save(gone.map { RedisFixture.entry($0, "again") })
        }
        for number in gone { #expect(try await RedisFixture.text(store, number) == "again") }
        await store.close()
    }

    @Test func serverOutsideAClusterIsToldAndTheOtherWayRound() async throws {
        let server = try await RedisServerProcess.start()
        let alone = try RedisFixture.open(url([server]))
        let error = await RedisFixture.failure { () throws(StoreError) in
            _ = try await alone.load(SampleResponses.key(1))
        }
        #expect(error == .unavailable("127.0.0.1:\(server.port) answered with the error ERR"))
        await alone.close()

        let cluster = try await RedisClusterProcess.start()
        let node = try #require(
            cluster.nodes.first { $0 !== owner(cluster, of: SampleResponses.key(1)).node })
        let single = try RedisFixture.open(node.url)
        let other = await RedisFixture.failure { () throws(StoreError) in
            _ = try await single.load(SampleResponses.key(1))
        }
        #expect(
            other
                == .unavailable(
                    "127.0.0.1:\(node.port) is one of a cluster; "
                        + "write redis-cluster:// instead of redis://"))
        await single.close()
    }

    @Test func seedThatIsDownIsPassedOver() async throws {
        let cluster = try await RedisClusterProcess.start()
        let down = try await RedisServerProcess.start()
        try await down.kill()
        let store = try RedisFixture.open(url([down] + cluster.nodes))
        try await store.save([RedisFixture.entry(1, "text")])
        #expect(try await RedisFixture.text(store, 1) == "text")
        await store.close()
    }

    @Test func clusterThatIsDownFailsEveryCallUntilItIsBack() async throws {
        let cluster = try await RedisClusterProcess.start()
        let store = try RedisFixture.open(
            url(cluster.nodes), group: RedisFixture.oneLoop)
        try await store.save([RedisFixture.entry(1, "text")])
        for node in cluster.nodes { try await node.kill() }
        let fresh = try RedisFixture.open(
            url(cluster.nodes), group: RedisFixture.oneLoop)
        for store in [store, fresh] {
            let error = await RedisFixture.failure { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "text")])
            }
            guard case .unavailable = error else {
                Issue.record("a lost cluster: \(String(describing: error))")
                continue
            }
        }
        for node in cluster.nodes { try await node.restart() }
        for store in [store, fresh] {
            try await RedisFixture.untilWorking { () throws(StoreError) in
                try await store.save([RedisFixture.entry(1, "again")])
            }
            // Lookups have a connection of their own, which may come back later.
            try await RedisFixture.untilWorking { () throws(StoreError) in
                _ = try await store.load(SampleResponses.key(1))
            }
            #expect(try await RedisFixture.text(store, 1) == "again")
            await store.close()
        }
    }
}
