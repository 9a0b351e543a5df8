internal import RepriseCore

/// The bounded queue of what is still to be written to a persistent store, without locks or I/O.
///
/// There is at most one operation queued for a key: a later one takes the earlier one's place, so
/// the last one counts. A batch that is being written stays visible to ``pending(_:)`` until it is
/// finished.
///
/// A save that finds no room, or that the store failed to write, is dropped: it turns into a
/// removal, because what the store may hold for that key is now older than what clients have seen
/// and must not come back. A removal costs little and waits until it has been done. Removals are
/// bounded as well; beyond that bound an older response may be served again until it expires.
struct WriteBehind {
    /// What is to be done for a key.
    enum Operation {
        case save(StoredResponse)
        case remove
    }

    /// Operations that are written together, at most one for a key.
    struct Batch {
        /// Responses to store.
        var saves: [(key: CacheKey, response: StoredResponse)] = []
        /// Keys to remove.
        var removals: [CacheKey] = []
        /// Whether there is nothing to do.
        var isEmpty: Bool { saves.isEmpty && removals.isEmpty }
    }

    /// Saves and removals that wait, those of a batch under way not counted.
    var count: Int { order.count }
    /// Saves and removals of the batch under way.
    var countUnderWay: Int { underWay.count }
    /// The cost of all saves that wait or are under way, in bytes.
    private(set) var bytes = 0
    /// How many saves were dropped.
    private(set) var dropped = 0

    private let entryLimit: Int
    private let byteLimit: Int
    private let removalLimit: Int
    private var queued: [CacheKey: Operation] = [:]
    /// The keys of `queued`, each once, oldest first.
    private var order = KeyQueue()
    private var underWay: [CacheKey: Operation] = [:]
    private var saves = 0

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - entryLimit: How many saves may wait.
    ///   - byteLimit: What the saves that wait or are under way may cost together, in bytes.
    ///   - removalLimit: How many removals may wait.
    init(entryLimit: Int, byteLimit: Int, removalLimit: Int = 65_536) {
        self.entryLimit = entryLimit
        self.byteLimit = byteLimit
        self.removalLimit = removalLimit
    }

    /// What is queued or under way for a key; nil when the store itself knows best.
    func pending(_ key: CacheKey) -> Operation? {
        queued[key] ?? underWay[key]
    }

    /// Queues a save in place of what is queued for its key.
    ///
    /// - Returns: false when it was dropped.
    @discardableResult
    mutating func save(_ response: StoredResponse, for key: CacheKey) -> Bool {
        withdraw(key)
        guard saves < entryLimit, bytes + response.cost <= byteLimit else {
            dropped += 1
            replace(key, with: .remove)
            return false
        }
        replace(key, with: .save(response))
        return true
    }

    /// Queues a removal in place of what is queued for its key.
    mutating func remove(_ key: CacheKey) {
        withdraw(key)
        replace(key, with: .remove)
    }

    /// Takes the oldest operations off the queue. ``finish(savesFailed:removalsFailed:)`` must
    /// follow before the next batch.
    ///
    /// - Parameters:
    ///   - entries: How many operations at most.
    ///   - maximum: How many of them may be saves, at least 1; nil for all.
    ///   - bytes: What the saves may cost together; one save is taken however much it costs.
    mutating func nextBatch(entries: Int, saves maximum: Int? = nil, bytes limit: Int) -> Batch {
        var batch = Batch()
        var cost = 0
        while batch.saves.count + batch.removals.count < entries, let key = order.first {
            switch queued[key] {
            case .save(let response):
                guard
                    batch.saves.isEmpty
                        || batch.saves.count < maximum ?? entries && cost + response.cost <= limit
                else { return batch }
                cost += response.cost
                saves -= 1
                batch.saves.append((key, response))
                underWay[key] = .save(response)
            case .remove:
                batch.removals.append(key)
                underWay[key] = .remove
            case nil:
                break
            }
            order.removeFirst()
            queued[key] = nil
        }
        return batch
    }

    /// Ends the batch that is under way.
    ///
    /// - Parameters:
    ///   - savesFailed: Whether the store may not hold what was to be saved.
    ///   - removalsFailed: Whether the store may still hold what was to be removed.
    mutating func finish(savesFailed: Bool, removalsFailed: Bool) {
        let ended = underWay
        underWay = [:]
        for (key, operation) in ended {
            switch operation {
            case .save(let response):
                bytes -= response.cost
                guard savesFailed else { continue }
                dropped += 1
            case .remove:
                guard removalsFailed else { continue }
            }
            if queued[key] == nil { replace(key, with: .remove) }
        }
    }

    /// Undoes the accounts of what is queued for a key, and leaves its place in the order.
    private mutating func withdraw(_ key: CacheKey) {
        guard case .save(let response) = queued[key] else { return }
        saves -= 1
        bytes -= response.cost
    }

    private mutating func replace(_ key: CacheKey, with operation: Operation) {
        if queued[key] == nil {
            if case .remove = operation, order.count - saves >= removalLimit { return }
            order.append(key)
        }
        queued[key] = operation
        if case .save(let response) = operation {
            saves += 1
            bytes += response.cost
        }
    }
}
