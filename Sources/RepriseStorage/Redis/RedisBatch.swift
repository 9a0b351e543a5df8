internal import RepriseCore
internal import RepriseNetwork

/// One call of ``RedisStore/write(_:_:)``, done in parts.
///
/// Each part sends the changes of its index and then its entries, and waits for all replies before
/// the next one. Bound to its loop.
final class RedisBatch {
    typealias Completion = @Sendable (Result<Void, StoreError>) -> Void

    /// How many entries are stored in one go.
    private static let entriesAtOnce = 32
    /// How many changes are made in one go.
    private static let changesAtOnce = 1024

    private let nodes: RedisNodes
    private let index: RedisPurgeIndex
    private let isCluster: Bool
    private let deadline: Duration
    private let start: MonotonicTime
    private let completion: Completion
    private var rest: ArraySlice<StoreWrite>

    /// Makes a call that is not begun.
    ///
    /// - Parameter deadline: How long the replies to one part may take; parts begin only as long as
    ///   that from now on.
    init(
        _ writes: [StoreWrite], _ nodes: RedisNodes, index: RedisPurgeIndex, isCluster: Bool,
        deadline: Duration, _ completion: @escaping Completion
    ) {
        rest = writes[...]
        self.nodes = nodes
        self.index = index
        self.isCluster = isCluster
        self.deadline = deadline
        start = nodes.loop.now
        self.completion = completion
    }

    /// Does the next part, and what follows it.
    func begin() {
        guard !rest.isEmpty else { return completion(.success(())) }
        let loop = nodes.loop
        guard loop.now - start < deadline else { return completion(.failure(.timedOut)) }
        let (entries, changes) = nextPart(now: loop.wallClock)
        let notes = index.commands(for: entries, now: loop.wallClock)
        if isCluster {
            // On several nodes nothing but the replies tells what came first.
            send(notes, within: deadline / 2) { [self] error in
                index.note(error, of: notes.count)
                send(changes, within: deadline / 2) { self.ended($0) }
            }
        } else {
            send(notes, within: deadline) { [index] in index.note($0, of: notes.count) }
            send(changes, within: deadline) { self.ended($0) }
        }
    }

    private func ended(_ error: StoreError?) {
        if let error { completion(.failure(error)) } else { begin() }
    }

    /// Takes off what is done in one go.
    private func nextPart(now: Int64) -> (entries: [StoredEntry], changes: [RedisCommand]) {
        var entries: [StoredEntry] = []
        var changes: [RedisCommand] = []
        while changes.count < Self.changesAtOnce, let change = rest.first {
            switch change {
            case .save(let entry):
                guard entries.count < Self.entriesAtOnce else { return (entries, changes) }
                entries.append(entry)
                changes.append(.set(entry, now: now))
            case .remove(let key):
                changes.append(RedisCommand("DEL", key: key.storeName))
            }
            rest.removeFirst()
        }
        return (entries, changes)
    }

    /// Sends commands and waits for all replies.
    ///
    /// - Parameter next: Is told of the first failure.
    private func send(
        _ commands: [RedisCommand], within limit: Duration, _ next: @escaping (StoreError?) -> Void
    ) {
        guard !commands.isEmpty else { return next(nil) }
        let deadline = nodes.loop.now + limit
        var (left, failure) = (commands.count, StoreError?.none)
        for command in commands {
            nodes.send(command, for: .writes, deadline: deadline) { result in
                if case .failure(let error) = result, failure == nil { failure = error }
                left -= 1
                if left == 0 { next(failure) }
            }
        }
    }
}
