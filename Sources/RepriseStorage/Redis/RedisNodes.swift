import NIOCore
import RepriseCore

/// The connections of one event loop: to one server, or to the nodes of a cluster.
///
/// Lookups and leases have a connection to each server, and writes another, so that no lookup waits
/// behind a large entry. All of it belongs to the event loop, and is called there only, which is
/// why it may be sent about.
final class RedisNodes: @unchecked Sendable {
    /// The event loop.
    let eventLoop: any EventLoop
    /// Spreads commands over the nodes of a cluster; nil for one server.
    let cluster: RedisCluster?
    private let lookups: RedisLink
    private let writes: RedisLink

    /// Makes the connections' places without connecting.
    init(_ links: RedisLinks, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        let endpoint = links.address.endpoints[0]
        lookups = links.link(to: endpoint, for: .lookups, on: eventLoop)
        writes = links.link(to: endpoint, for: .writes, on: eventLoop)
        cluster = links.address.isCluster ? RedisCluster(links, on: eventLoop) : nil
    }

    /// Begins to connect for lookups.
    func connect() {
        if let cluster { cluster.refresh() } else { lookups.connect() }
    }

    /// Reads an entry; fails with a ``StoreError`` only.
    func get(_ key: CacheKey, deadline: NIODeadline) -> EventLoopFuture<ByteBuffer?> {
        guard let cluster else { return lookups.get(key, deadline: deadline) }
        return cluster.perform(
            slot: RedisSlotMap.slot(of: key.storeName), .lookups, deadline: deadline
        ) { link, asking in link.get(key, deadline: deadline, asking: asking) }
    }

    /// Sends a command about one key; fails with a ``StoreError`` only.
    func send(
        _ command: RedisCommand, for purpose: RedisLinks.Purpose, deadline: NIODeadline
    ) -> EventLoopFuture<RESPValue> {
        guard let cluster else {
            let link = purpose == .lookups ? lookups : writes
            return link.send(command, deadline: deadline)
        }
        return cluster.perform(slot: command.slot, purpose, deadline: deadline) { link, asking in
            link.send(command, deadline: deadline, asking: asking)
        }
    }

    /// Closes the connections for good.
    func close() {
        cluster?.close()
        lookups.close()
        writes.close()
    }
}
