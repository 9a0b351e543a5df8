import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

/// The store on a real cluster.
@Suite(.timeLimit(.minutes(5)))
struct RedisClusterTests {
    private func url(_ nodes: [RedisServerProcess]) -> String {
        "redis-cluster://" + nodes.map { "\($0.host):\($0.port)" }.joined(separator: ",")
    }

    /// The node that has a key's slot now.
    private func owner(
        _ cluster: RedisClusterProcess, of number: Int
    ) -> (node: RedisServerProcess, slot: Int) {
        let slot = RedisSlotMap.slot(of: SampleResponses.key(number).storeName)
        return (cluster.nodes[min(2, slot * 3 / RedisSlotMap.slotCount)], slot)
    }

    private func id(_ node: RedisServerProcess) async throws -> String {
        try await node.command("CLUSTER", "MYID")
    }

    @Test func conforms() async throws {
        let cluster = try await RedisClusterProcess.start(6)
        try await withSystemNetwork { network in
            for check in StoreConformance.Check.allCases {
                let suite = StoreConformance(
                    network: network,
                    passTime: { duration in
                        for node in cluster.nodes { try await node.passTime(duration) }
                    }, open: { try RedisFixture.open(url(cluster.nodes), network).store })
                let failures = try await suite.failures(of: check)
                #expect(failures == [], "\(check)")
                for node in cluster.nodes { try await node.command("FLUSHALL") }
            }
        }
    }

    @Test func entriesAndIndexesAreSpreadOverTheNodes() async throws {
        let cluster = try await RedisClusterProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url([cluster.nodes[1]]), network)
            try await store.save((0..<300).map { RedisFixture.entry($0, "text \($0)") })
            for number in 0..<300 { #expect(try await store.text(number) == "text \(number)") }
            var members = 0
            for node in cluster.nodes {
                #expect(try #require(Int(try await node.command("DBSIZE"))) > 50)
                let answer = try await node.command("ZCARD", "reprise:index:model:gpt-test")
                members += Int(answer) ?? 0
            }
            #expect(members == 300)
            let holder = store.newHolder()
            #expect(try await store.takeLease(of: 5, for: holder, lasting: .seconds(100)))
            #expect(try await store.endLease(of: 5, for: holder))
            try await store.remove(Array(0..<300))
            #expect(try await store.text(7) == nil)
            await store.close()
        }
    }

    @Test func slotThatMovesIsFollowed() async throws {
        let cluster = try await RedisClusterProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url(cluster.nodes), network)
            let (source, slot) = owner(cluster, of: 1)
            let target = try #require(cluster.nodes.first { $0 !== source })
            // Found here first, so that the store has a map that will be wrong.
            try await store.save([RedisFixture.entry(1, "before")])
            let (sourceID, targetID) = (try await id(source), try await id(target))

            // The slot is under way, the key is still here.
            try await target.command("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
            try await source.command("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
            #expect(try await store.text(1) == "before")

            // The key is there already: the source answers ASK, the target wants ASKING.
            let name = String(decoding: SampleResponses.key(1).storeName, as: UTF8.self)
            let answer = try await source.command(
                "MIGRATE", target.host, "\(target.port)", name, "0", "5000")
            #expect(answer == "OK")
            #expect(try await source.command("GET", name).hasPrefix("ASK"))
            #expect(try await target.command("GET", name).hasPrefix("MOVED"))
            #expect(try await store.text(1) == "before")
            try await store.save([RedisFixture.entry(1, "asked")])
            #expect(try await store.text(1) == "asked")

            // The slot is there: the source answers MOVED.
            for node in [target, source] {
                try await node.command("CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID)
            }
            #expect(try await source.command("GET", name).hasPrefix("MOVED"))
            #expect(try await store.text(1) == "asked")
            try await store.save([RedisFixture.entry(1, "moved")])
            #expect(try await store.text(1) == "moved")
            #expect(try await target.command("GET", name) == "moved")
            try await store.remove([1])
            #expect(try await store.text(1) == nil)
            await store.close()
        }
    }

    @Test func lossOfANodeCostsItsSlotsOnly() async throws {
        let cluster = try await RedisClusterProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url(cluster.nodes), network)
            try await store.save((0..<60).map { RedisFixture.entry($0, "text") })
            let lost = cluster.nodes[0]
            let gone = (0..<60).filter { owner(cluster, of: $0).node === lost }
            let kept = (0..<60).filter { owner(cluster, of: $0).node !== lost }
            #expect(!gone.isEmpty && !kept.isEmpty)
            try await lost.kill()
            for number in gone {
                guard case .unavailable = await store.loadFailure(number) else {
                    Issue.record("a lost node answered")
                    continue
                }
            }
            for number in kept { #expect(try await store.text(number) == "text") }

            // It is given up, and its slots are given to another node.
            let lostID = try await cluster.nodes[2].command("CLUSTER", "NODES")
                .split(separator: "\n").first { $0.contains(":\(lost.port)@") }?
                .split(separator: " ").first.map(String.init)
            for node in cluster.nodes.dropFirst() {
                try await node.command("CLUSTER", "FORGET", try #require(lostID))
            }
            try await cluster.nodes[1].command("CLUSTER", "ADDSLOTSRANGE", "0", "5460")
            // Until then the other node would tell the store that nobody has them.
            for node in cluster.nodes.dropFirst() {
                try await node.untilAnswer("CLUSTER", "INFO") {
                    $0.contains("cluster_slots_assigned:16384")
                }
            }
            await store.untilSaving(gone.map { RedisFixture.entry($0, "again") })
            for number in gone { #expect(try await store.text(number) == "again") }
            await store.close()
        }
    }

    @Test func serverOutsideAClusterIsToldAndTheOtherWayRound() async throws {
        let server = try await RedisServerProcess.start()
        let cluster = try await RedisClusterProcess.start()
        let node = try #require(cluster.nodes.first { $0 !== owner(cluster, of: 1).node })
        try await withSystemNetwork { network in
            let alone = try RedisFixture.open(url([server]), network)
            #expect(
                await alone.loadFailure()
                    == .unavailable("127.0.0.1:\(server.port) answered with the error ERR"))
            await alone.close()
            let single = try RedisFixture.open(node.url, network)
            #expect(
                await single.loadFailure()
                    == .unavailable(
                        "127.0.0.1:\(node.port) is one of a cluster; "
                            + "write redis-cluster:// instead of redis://"))
            await single.close()
        }
    }

    @Test func seedThatIsDownIsPassedOver() async throws {
        let cluster = try await RedisClusterProcess.start()
        let down = try await RedisServerProcess.start()
        try await down.kill()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url([down] + cluster.nodes), network)
            try await store.save([RedisFixture.entry(1, "text")])
            #expect(try await store.text(1) == "text")
            await store.close()
        }
    }

    @Test func clusterThatIsDownFailsEveryCallUntilItIsBack() async throws {
        let cluster = try await RedisClusterProcess.start()
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url(cluster.nodes), network)
            try await store.save([RedisFixture.entry(1, "text")])
            for node in cluster.nodes { try await node.kill() }
            let fresh = try RedisFixture.open(url(cluster.nodes), network)
            for store in [store, fresh] {
                guard case .unavailable = await store.saveFailure([RedisFixture.entry(1, "x")])
                else {
                    Issue.record("a lost cluster answered")
                    continue
                }
            }
            for node in cluster.nodes { try await node.restart() }
            for store in [store, fresh] {
                await store.untilSaving([RedisFixture.entry(1, "again")])
                // Lookups have a connection of their own, which may come back later.
                await store.untilLoading()
                #expect(try await store.text(1) == "again")
                await store.close()
            }
        }
    }
}
