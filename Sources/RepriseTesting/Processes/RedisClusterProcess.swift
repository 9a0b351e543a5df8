/// A cluster of real redis-servers, each of which holds an equal part of the slots.
public final class RedisClusterProcess: Sendable {
    /// The nodes, in the order of their slots.
    public let nodes: [RedisServerProcess]

    private init(nodes: [RedisServerProcess]) { self.nodes = nodes }

    /// A cluster that does not come together.
    private struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    /// Starts a cluster and waits until every node knows all others.
    ///
    /// - Parameters:
    ///   - count: The number of nodes, 3 at least.
    ///   - options: How each node is started.
    public static func start(
        _ count: Int = 3, options: RedisServerProcess.Options = .init()
    ) async throws -> RedisClusterProcess {
        var options = options
        options.isCluster = true
        var nodes: [RedisServerProcess] = []
        for _ in 0..<count { nodes.append(try await .start(options)) }
        let cluster = RedisClusterProcess(nodes: nodes)
        try await cluster.join()
        return cluster
    }

    private func join() async throws {
        let slots = 16_384
        for (index, node) in nodes.enumerated() {
            let first = index * slots / nodes.count
            let last = (index + 1) * slots / nodes.count - 1
            try await node.command("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
            try await node.command("CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
        }
        for node in nodes.dropFirst() {
            try await nodes[0].command(
                "CLUSTER", "MEET", node.host, "\(node.port)", "\(node.busPort)")
        }
        for node in nodes {
            try await node.untilAnswer("CLUSTER", "INFO") { answer in
                answer.contains("cluster_state:ok")
                    && answer.contains("cluster_slots_assigned:\(slots)")
                    && answer.contains("cluster_known_nodes:\(nodes.count)")
            }
        }
    }
}
