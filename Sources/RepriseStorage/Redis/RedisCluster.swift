internal import RepriseNetwork

/// What spreads commands over the nodes of a cluster, by a map of its slots.
///
/// The map is asked for at the beginning, when a node says that a slot is elsewhere, and when a
/// node fails, for then another one takes its place; at most once a second. Before there is a map,
/// commands wait for the search that is under way, within their deadlines; when no node has told
/// the slots, they fail at once until the next search. Bound to its loop.
final class RedisCluster {
    private struct Place: Hashable {
        var endpoint: RedisEndpoint
        var purpose: RedisLinks.Purpose
    }

    /// A command that waits for the first map.
    private final class WaitingCommand {
        /// Goes on with the map, or fails; nil once called.
        var next: ((StoreError?) -> Void)?
        var timer: (any LoopTimer)?

        func settle(_ error: StoreError?) {
            let next = next
            self.next = nil
            timer?.cancel()
            timer = nil
            next?(error)
        }
    }

    /// A command on its way through the cluster.
    private struct Errand {
        var command: RedisCommand
        var purpose: RedisLinks.Purpose
        var deadline: MonotonicTime
        /// How often it may still be sent on.
        var redirections = 3
        var completion: RedisLink.Waiter
    }

    /// The shortest time between two requests for the slots.
    private static let refreshInterval = Duration.seconds(1)

    private let loop: any EventLoop
    private let maker: RedisLinks
    private var links: [Place: RedisLink] = [:]
    private var map: RedisSlotMap?
    /// Why the last search has found no map; nil when it has, or has not ended.
    private var failure: StoreError?
    /// Those that wait for the first map, and those whose deadline was over before it came.
    private var waiting: [WaitingCommand] = []
    private var search: RedisSlotSearch?
    private var isClosed = false
    private var lastRefresh: MonotonicTime?
    private var nextRefresh: (any LoopTimer)?
    private var backOff = RedisBackOff()

    /// Makes a cluster's place without connecting.
    init(_ maker: RedisLinks, on loop: any EventLoop) {
        self.maker = maker
        self.loop = loop
    }

    /// Has a command performed by the node of its key's slot, wherever that is by now.
    ///
    /// - Parameter completion: Called once in a later turn; an error of a server's is a failure.
    func perform(
        _ command: RedisCommand, _ purpose: RedisLinks.Purpose, deadline: MonotonicTime,
        _ completion: @escaping RedisLink.Waiter
    ) {
        let errand = Errand(
            command: command, purpose: purpose, deadline: deadline, completion: completion)
        if isClosed { return fail(errand, .unavailable("the store is closed")) }
        guard map == nil else { return send(errand) }
        if let failure, search == nil { return fail(errand, failure) }
        guard waiting.count < RedisLink.mostPending else {
            return fail(
                errand, .unavailable("too many commands wait for the slots of the cluster"))
        }
        refresh()
        let wait = WaitingCommand()
        wait.next = { [self] error in
            if let error { errand.completion(.failure(error)) } else { send(errand) }
        }
        wait.timer = loop.schedule(after: max(.zero, deadline - loop.now)) {
            wait.settle(.timedOut)
        }
        waiting.append(wait)
    }

    private func send(_ errand: Errand) {
        guard let endpoint = map?.node(of: errand.command.slot) else {
            refreshSoon()
            return fail(errand, .unavailable("no node of the cluster has one of the slots"))
        }
        send(errand, to: endpoint, asking: false)
    }

    private func send(_ errand: Errand, to endpoint: RedisEndpoint, asking: Bool) {
        link(endpoint, errand.purpose).send(
            errand.command, deadline: errand.deadline, asking: asking
        ) { [self] result in
            if case .success(.error(let failure)) = result, let redirection = failure.redirection {
                return redirect(errand, redirection, by: endpoint)
            }
            let result = result.failing(of: endpoint, to: errand.command)
            if case .failure(let error) = result { note(error) }
            errand.completion(result)
        }
    }

    private func redirect(
        _ errand: Errand, _ redirection: RedisRedirection, by teller: RedisEndpoint
    ) {
        let other = redirection.endpoint(toldBy: teller)
        if !redirection.isForOneCommand {
            map?.assign(redirection.slot, to: other)
            refreshSoon()
        }
        guard errand.redirections > 0, !isClosed else {
            return fail(errand, .unavailable("the nodes of the cluster disagree about a slot"))
        }
        var errand = errand
        errand.redirections -= 1
        send(errand, to: other, asking: redirection.isForOneCommand)
    }

    /// A node that fails may have lost its slots to another.
    private func note(_ error: StoreError) {
        switch error {
        case .unavailable, .timedOut: refreshSoon()
        case .full, .corrupt, .incompatible, .cancelled: break
        }
    }

    private func fail(_ errand: Errand, _ error: StoreError) {
        _ = loop.schedule(after: .zero) { errand.completion(.failure(error)) }
    }

    private func link(_ endpoint: RedisEndpoint, _ purpose: RedisLinks.Purpose) -> RedisLink {
        let place = Place(endpoint: endpoint, purpose: purpose)
        if let link = links[place] { return link }
        let link = maker.link(to: endpoint, for: purpose, on: loop)
        links[place] = link
        return link
    }

    // MARK: - The map

    /// Asks for the map, unless that was done a moment ago: then a moment later.
    private func refreshSoon() {
        guard !isClosed, search == nil, nextRefresh == nil else { return }
        guard let lastRefresh else { return refresh() }
        let earliest = lastRefresh + Self.refreshInterval
        guard earliest > loop.now else { return refresh() }
        nextRefresh = loop.schedule(after: earliest - loop.now) { self.refresh() }
    }

    /// Asks the nodes that are known for the map, unless that is being done.
    func refresh() {
        nextRefresh?.cancel()
        nextRefresh = nil
        guard !isClosed, search == nil else { return }
        var candidates = map?.nodes ?? []
        shuffle(&candidates)
        for endpoint in maker.address.endpoints where !candidates.contains(endpoint) {
            candidates.append(endpoint)
        }
        let search = RedisSlotSearch(candidates, on: loop) { [self] endpoint, waiter in
            link(endpoint, .lookups).send(
                RedisCommand("CLUSTER", "SLOTS"), deadline: loop.now + maker.slotsDeadline, waiter)
        } end: {
            self.endRefresh($0)
        }
        self.search = search
        search.start()
    }

    /// Not every server is to ask the same node first.
    private func shuffle(_ endpoints: inout [RedisEndpoint]) {
        for last in endpoints.indices.reversed().dropLast() {
            endpoints.swapAt(last, Int(loop.randomNumber() % UInt64(last + 1)))
        }
    }

    private func endRefresh(_ result: Result<RedisSlotMap, StoreError>) {
        search = nil
        lastRefresh = loop.now
        switch result {
        case .success(let new):
            map = new
            failure = nil
            backOff.reset()
            closeLinks(except: new.nodes)
            wake(nil)
        case .failure(let error):
            failure = error
            nextRefresh = loop.schedule(after: backOff.next(random: loop.randomNumber())) {
                self.refresh()
            }
            wake(error)
        }
    }

    private func wake(_ error: StoreError?) {
        let waiting = waiting
        self.waiting = []
        for command in waiting { command.settle(error) }
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
        nextRefresh = nil
        // Else it would go on to the next node, and connect to it, when the links are closed.
        search?.cancel()
        search = nil
        for link in links.values { link.close() }
        links = [:]
        let error = StoreError.unavailable("the store is closed")
        _ = loop.schedule(after: .zero) { self.wake(error) }
    }
}
