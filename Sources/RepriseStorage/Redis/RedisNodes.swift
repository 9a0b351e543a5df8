internal import RepriseCore
internal import RepriseNetwork

/// The connections of one event loop: to one server, or to the nodes of a cluster.
///
/// Lookups and leases have a connection to each server, and writes another, so that no lookup waits
/// behind a large entry.
///
/// `@unchecked Sendable` because it and all that it holds is touched on its loop alone, which each
/// entry checks; it is made elsewhere, before anybody else knows of it.
final class RedisNodes: @unchecked Sendable {
    /// The event loop.
    let loop: any EventLoop
    private let endpoint: RedisEndpoint
    /// Spreads commands over the nodes of a cluster; nil for one server.
    private let cluster: RedisCluster?
    private let lookups: RedisLink
    private let writes: RedisLink

    /// Makes the connections' places without connecting.
    init(_ links: RedisLinks, on loop: any EventLoop) {
        self.loop = loop
        endpoint = links.address.endpoints[0]
        lookups = links.link(to: endpoint, for: .lookups, on: loop)
        writes = links.link(to: endpoint, for: .writes, on: loop)
        cluster = links.address.isCluster ? RedisCluster(links, on: loop) : nil
    }

    /// Begins to connect for lookups.
    func connect() {
        precondition(loop.isCurrent, "connections are used on their loop")
        if let cluster { cluster.refresh() } else { lookups.connect() }
    }

    /// Sends a command about one key.
    ///
    /// - Parameter completion: Called once in a later turn; an error of the server's is a failure.
    func send(
        _ command: RedisCommand, for purpose: RedisLinks.Purpose, deadline: MonotonicTime,
        _ completion: @escaping RedisLink.Waiter
    ) {
        precondition(loop.isCurrent, "connections are used on their loop")
        if let cluster {
            return cluster.perform(command, purpose, deadline: deadline, completion)
        }
        let link = purpose == .lookups ? lookups : writes
        link.send(command, deadline: deadline) { [endpoint] result in
            completion(result.failing(of: endpoint, to: command))
        }
    }

    /// Closes the connections for good.
    func close() {
        precondition(loop.isCurrent, "connections are used on their loop")
        cluster?.close()
        lookups.close()
        writes.close()
    }
}

extension Result where Success == RESPValue, Failure == StoreError {
    /// The reply to a command with an error of the server's as a failure.
    func failing(of server: RedisEndpoint, to command: RedisCommand) -> Self {
        guard case .success(.error(let failure)) = self else { return self }
        if command.isLookup, failure.code == "WRONGTYPE" { return .success(.null) }
        return .failure(failure.storeError(of: server))
    }
}
