internal import RepriseNetwork

/// One search for the map of a cluster's slots.
///
/// It asks one node after the other, the next one when the last one has failed or has been silent
/// for a moment, so that a node that hangs costs a lookup that moment only. The first map ends it.
/// Bound to its loop.
final class RedisSlotSearch {
    /// How long a node is waited for before the next one is asked too: so little that a lookup
    /// with the usual deadline gets past some nodes that hang.
    static let pause = Duration.milliseconds(20)

    private let loop: any EventLoop
    private let ask: (RedisEndpoint, @escaping RedisLink.Waiter) -> Void
    private let end: (Result<RedisSlotMap, StoreError>) -> Void
    private var candidates: ArraySlice<RedisEndpoint>
    /// How many nodes have not answered yet.
    private var asked = 0
    private var next: (any LoopTimer)?
    private var isOver = false

    /// Makes a search without asking yet.
    ///
    /// - Parameters:
    ///   - candidates: The nodes to ask, at least one.
    ///   - ask: Asks a node for `CLUSTER SLOTS`, within some deadline.
    ///   - end: Is called once, with the first map or with how the last node failed.
    init(
        _ candidates: [RedisEndpoint], on loop: any EventLoop,
        ask: @escaping (RedisEndpoint, @escaping RedisLink.Waiter) -> Void,
        end: @escaping (Result<RedisSlotMap, StoreError>) -> Void
    ) {
        self.candidates = candidates[...]
        self.loop = loop
        self.ask = ask
        self.end = end
    }

    /// Asks the first node.
    func start() { askNext(after: .zero) }

    /// Ends the search without a word.
    func cancel() {
        isOver = true
        next?.cancel()
        next = nil
    }

    /// Asks the next node, always in a turn of its own: many nodes that fail at once would nest as
    /// many calls.
    private func askNext(after pause: Duration) {
        next?.cancel()
        next = loop.schedule(after: pause) { self.askNext() }
    }

    private func askNext() {
        guard !isOver, let endpoint = candidates.popFirst() else { return }
        asked += 1
        if !candidates.isEmpty { askNext(after: Self.pause) }
        ask(endpoint) { self.answered(endpoint, $0) }
    }

    private func answered(_ endpoint: RedisEndpoint, _ result: Result<RESPValue, StoreError>) {
        guard !isOver else { return }
        asked -= 1
        switch result {
        case .success(.error(let failure)):
            goOn(failure.storeError(of: endpoint))
        case .success(let reply):
            if let map = RedisSlotMap(reply, toldBy: endpoint) { return finish(.success(map)) }
            goOn(.unavailable("\(endpoint) has no slots of a cluster"))
        case .failure(let error):
            goOn(error)
        }
    }

    private func goOn(_ failure: StoreError) {
        if !candidates.isEmpty {
            askNext(after: .zero)
        } else if asked == 0 {
            finish(.failure(failure))
        }
    }

    private func finish(_ result: Result<RedisSlotMap, StoreError>) {
        cancel()
        end(result)
    }
}
