internal import RepriseNetwork

/// What makes the connections of a store, all with the same address and the same bounds.
struct RedisLinks: Sendable {
    /// What a connection is for.
    enum Purpose: Hashable, Sendable {
        /// Lookups and leases: small commands that somebody waits for.
        case lookups
        /// Stores and removals.
        case writes
    }

    /// Where the servers are, and who to be there.
    let address: RedisAddress
    private let limits: RedisStore.Limits
    private let dialer: RedisDialer

    /// Makes it from the parts that all connections share.
    init(_ address: RedisAddress, limits: RedisStore.Limits) {
        self.address = address
        self.limits = limits
        dialer = RedisDialer(address, deadline: limits.connectDeadline)
    }

    /// How long a node of a cluster may take to tell the slots, its connection included.
    var slotsDeadline: Duration { limits.connectDeadline + limits.lookupDeadline }

    /// Makes a connection's place, without connecting.
    func link(
        to endpoint: RedisEndpoint, for purpose: Purpose, on loop: any EventLoop
    ) -> RedisLink {
        let patience = purpose == .lookups ? limits.lookupDeadline : limits.writeDeadline
        return RedisLink(
            to: endpoint, address: address, dialer: dialer, patience: patience, on: loop)
    }
}
