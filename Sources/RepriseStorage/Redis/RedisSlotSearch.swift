import NIOCore

/// One search for the map of a cluster's slots.
///
/// It asks one node after the other, the next one when the last one has failed or has been silent
/// for a moment, so that a node that hangs costs a lookup that moment only. The first map ends it.
/// Belongs to its event loop, and is called there only, which is why it may be sent about.
final class RedisSlotSearch: @unchecked Sendable {
    /// How long a node is waited for before the next one is asked too: so little that a lookup
    /// with the usual deadline gets past some nodes that hang.
    static let pause = TimeAmount.milliseconds(20)

    private let eventLoop: any EventLoop
    private let ask: (RedisEndpoint) -> EventLoopFuture<RESPValue>
    private let end: (Result<RedisSlotMap, StoreError>) -> Void
    private var candidates: ArraySlice<RedisEndpoint>
    /// How many nodes have not answered yet.
    private var asked = 0
    private var next: Scheduled<Void>?
    private var isOver = false

    /// Makes a search without asking yet.
    ///
    /// - Parameters:
    ///   - candidates: The nodes to ask, at least one.
    ///   - ask: Asks a node for `CLUSTER SLOTS`, within some deadline.
    ///   - end: Is called once, with the first map or with how the last node failed.
    init(
        _ candidates: [RedisEndpoint], on eventLoop: any EventLoop,
        ask: @escaping (RedisEndpoint) -> EventLoopFuture<RESPValue>,
        end: @escaping (Result<RedisSlotMap, StoreError>) -> Void
    ) {
        self.candidates = candidates[...]
        self.eventLoop = eventLoop
        self.ask = ask
        self.end = end
    }

    /// Asks the first node.
    func start() { askNext(after: .zero) }

    /// Ends the search without a word.
    func cancel() {
        isOver = true
        next?.cancel()
    }

    /// Asks the next node, always in a turn of the event loop of its own: many nodes that fail at
    /// once would nest as many calls.
    private func askNext(after pause: TimeAmount) {
        next?.cancel()
        next = eventLoop.scheduleTask(in: pause) { self.askNext() }
    }

    private func askNext() {
        guard !isOver, let endpoint = candidates.popFirst() else { return }
        asked += 1
        if !candidates.isEmpty { askNext(after: Self.pause) }
        ask(endpoint).whenComplete { result in
            guard !self.isOver else { return }
            self.asked -= 1
            switch result {
            case .success(let reply):
                if let map = RedisSlotMap(reply, toldBy: endpoint) {
                    return self.finish(.success(map))
                }
                self.goOn(.unavailable("\(endpoint) has no slots of a cluster"))
            case .failure(let error):
                self.goOn(error as? StoreError ?? .unavailable("\(endpoint) fails"))
            }
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
