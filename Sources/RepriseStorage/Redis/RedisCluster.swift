import NIOCore

/// Spreads commands over the nodes of a cluster, by a map of its slots.
///
/// The map is asked for at the beginning, when a node says that a slot is elsewhere, and when a
/// node fails, for then another one takes its place; at most once a second. Before there is a map,
/// commands wait for the search that is under way, within their deadlines; when no node has told
/// the slots, they fail at once until the next search. Belongs to its event loop, and is called
/// there only, which is why it may be sent about.
final class RedisCluster: @unchecked Sendable {
    private struct Place: Hashable {
        var endpoint: RedisEndpoint
        var purpose: RedisLinks.Purpose
    }

    /// How often a command follows nodes that say that its key is elsewhere.
    private static let mostRedirections = 3
    /// The shortest time between two requests for the slots.
    private static let refreshInterval = TimeAmount.seconds(1)

    private let eventLoop: any EventLoop
    private let maker: RedisLinks
    private var links: [Place: RedisLink] = [:]
    private var map: RedisSlotMap?
    /// Why the last search has found no map; nil when it has, or has not ended.
    private var failure: StoreError?
    /// Those that wait for the first map.
    private var waiting: [EventLoopPromise<Void>] = []
    private var search: RedisSlotSearch?
    private var isClosed = false
    private var lastRefresh = NIODeadline.uptimeNanoseconds(0)
    private var nextRefresh: Scheduled<Void>?
    private var backOff = RedisBackOff()

    /// Makes a cluster's place without connecting.
    init(_ maker: RedisLinks, on eventLoop: any EventLoop) {
        self.maker = maker
        self.eventLoop = eventLoop
    }

    /// Has a command performed by the node of a slot, wherever that is by now.
    ///
    /// - Parameters:
    ///   - slot: The slot of the command's key.
    ///   - purpose: Which of a node's connections to use.
    ///   - deadline: When to give up waiting for the map of slots.
    ///   - command: Sends the command, announced by `ASKING` if so told.
    /// - Returns: A future that fails with a ``StoreError`` only.
    func perform<Reply: Sendable>(
        slot: Int, _ purpose: RedisLinks.Purpose, deadline: NIODeadline,
        _ command: @escaping @Sendable (RedisLink, _ asking: Bool) -> EventLoopFuture<Reply>
    ) -> EventLoopFuture<Reply> {
        if isClosed { return fail(.unavailable("the store is closed")) }
        guard let map else {
            if let failure, search == nil { return fail(failure) }
            guard waiting.count < RedisLink.mostPending else {
                return fail(.unavailable("too many commands wait for the slots of the cluster"))
            }
            refresh()
            return firstMap(deadline).flatMap {
                self.perform(slot: slot, purpose, deadline: deadline, command)
            }
        }
        guard let endpoint = map.node(of: slot) else {
            refreshSoon()
            return fail(.unavailable("no node of the cluster has one of the slots"))
        }
        return perform(
            at: endpoint, purpose, asking: false, redirections: Self.mostRedirections, command)
    }

    private func perform<Reply: Sendable>(
        at endpoint: RedisEndpoint, _ purpose: RedisLinks.Purpose, asking: Bool, redirections: Int,
        _ command: @escaping @Sendable (RedisLink, _ asking: Bool) -> EventLoopFuture<Reply>
    ) -> EventLoopFuture<Reply> {
        command(link(endpoint, purpose), asking).flatMapError { error in
            guard let redirection = error as? RedisRedirection else {
                self.note(error)
                return self.eventLoop.makeFailedFuture(error)
            }
            let other = redirection.endpoint(toldBy: endpoint)
            if !redirection.isForOneCommand {
                self.map?.assign(redirection.slot, to: other)
                self.refreshSoon()
            }
            guard redirections > 0 else {
                return self.fail(.unavailable("the nodes of the cluster disagree about a slot"))
            }
            return self.perform(
                at: other, purpose, asking: redirection.isForOneCommand,
                redirections: redirections - 1, command)
        }
    }

    /// A node that fails may have lost its slots to another.
    private func note(_ error: any Error) {
        switch error as? StoreError {
        case .unavailable, .timedOut: refreshSoon()
        case .full, .corrupt, .incompatible, .cancelled, nil: break
        }
    }

    private func fail<Reply>(_ error: StoreError) -> EventLoopFuture<Reply> {
        eventLoop.makeFailedFuture(error)
    }

    private func link(_ endpoint: RedisEndpoint, _ purpose: RedisLinks.Purpose) -> RedisLink {
        let place = Place(endpoint: endpoint, purpose: purpose)
        if let link = links[place] { return link }
        let link = maker.link(to: endpoint, for: purpose, on: eventLoop)
        links[place] = link
        return link
    }

    // MARK: - The map

    /// A future that succeeds with the first map, and fails at the deadline.
    private func firstMap(_ deadline: NIODeadline) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            // Has no effect on a promise that is fulfilled already.
            promise.fail(StoreError.timedOut)
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        waiting.append(promise)
        return promise.futureResult
    }

    /// Asks for the map, unless that was done a moment ago: then a moment later.
    private func refreshSoon() {
        guard !isClosed, search == nil, nextRefresh == nil else { return }
        let earliest = lastRefresh + Self.refreshInterval
        guard earliest > .now() else { return refresh() }
        nextRefresh = eventLoop.scheduleTask(deadline: earliest) { self.refresh() }
    }

    /// Asks the nodes that are known for the map, unless that is being done.
    func refresh() {
        nextRefresh?.cancel()
        nextRefresh = nil
        guard !isClosed, search == nil else { return }
        var candidates = (map?.nodes ?? []).shuffled()
        for endpoint in maker.address.endpoints where !candidates.contains(endpoint) {
            candidates.append(endpoint)
        }
        let search = RedisSlotSearch(candidates, on: eventLoop) { endpoint in
            self.link(endpoint, .lookups).send(
                RedisCommand("CLUSTER", "SLOTS"), deadline: .now() + self.maker.slotsDeadline)
        } end: {
            self.endRefresh($0)
        }
        self.search = search
        search.start()
    }

    private func endRefresh(_ result: Result<RedisSlotMap, StoreError>) {
        search = nil
        lastRefresh = .now()
        switch result {
        case .success(let new):
            map = new
            failure = nil
            backOff.reset()
            closeLinks(except: new.nodes)
            wake(nil)
        case .failure(let error):
            failure = error
            var random = SystemRandomNumberGenerator()
            nextRefresh = eventLoop.scheduleTask(in: backOff.next(using: &random)) {
                self.refresh()
            }
            wake(error)
        }
    }

    private func wake(_ error: StoreError?) {
        let waiting = waiting
        self.waiting = []
        for promise in waiting {
            if let error { promise.fail(error) } else { promise.succeed() }
        }
    }

    /// Nodes that have left the cluster are not to be connected for ever.
    private func closeLinks(except nodes: [RedisEndpoint]) {
        for (place, link) in links where !nodes.contains(place.endpoint) {
            guard link.isIdle else {
                // It may be about to get its first slot, and be asked for single keys already.
                refreshSoon()
                continue
            }
            links[place] = nil
            link.close()
        }
    }

    /// Closes the connections for good.
    func close() {
        isClosed = true
        nextRefresh?.cancel()
        // Else it would go on to the next node, and connect to it, when the links are closed.
        search?.cancel()
        search = nil
        wake(.unavailable("the store is closed"))
        for link in links.values { link.close() }
        links = [:]
    }
}
