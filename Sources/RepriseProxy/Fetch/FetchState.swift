import RepriseCore

/// What one shared fetch has brought so far, and how far each reader has come: a state machine
/// without I/O.
///
/// While the body is *kept*, all of it stays in memory and a late reader starts at the first byte.
/// Once it is longer than `keepLimit` it is a sliding window: what every reader has read is dropped,
/// the fastest reader sets the pace, and a reader that falls more than `window` bytes behind the
/// fastest is dismissed rather than stalling the others.
struct FetchState: Sendable {
    typealias ReaderID = Int

    /// Bytes kept for late readers and for storing.
    let keepLimit: Int
    /// Bytes a reader may lag, and the upstream may run ahead, once the body is not kept.
    let window: Int
    /// Whether the call goes on, for the cache's sake, when every reader has left.
    private(set) var goesOnAlone: Bool

    private(set) var head: ResponseHead?
    private(set) var outcome: FetchOutcome?
    private(set) var isKept = true
    /// Bytes of the body that have come.
    private(set) var receivedCount = 0
    /// The bytes from `start` on, up to `receivedCount`; those before were dropped.
    private var bytes: [UInt8] = []
    private var start = 0
    private var readers = ReaderList<Reader>()
    private var nextReader = 0

    /// One reader's place.
    private struct Reader {
        /// Bytes of the body that it has read.
        var position = 0
        /// Whether bytes are handed to it as they come, without being kept for it.
        var isLive = false
        /// Whether it fell too far behind.
        var isDismissed = false
    }

    /// What a reader finds when it looks.
    enum News: Equatable {
        /// Nothing has changed for it.
        case nothing
        /// Bytes to read: see ``read(_:_:)``.
        case bytes
        /// The body is over, and all of it was read.
        case ended(StoringResult)
        /// There is no more for this reader.
        case failed(FetchFailure)
    }

    init(keepLimit: Int, window: Int = 1 << 20, goesOnAlone: Bool) {
        self.keepLimit = keepLimit
        self.window = window
        self.goesOnAlone = goesOnAlone
    }

    /// Whether nobody reads and nothing is gained by going on.
    var isAbandoned: Bool { readers.isEmpty && !goesOnAlone && outcome == nil }

    /// Whether the upstream is read on: while the body is kept always, then as far as the window lets
    /// the fastest reader lag.
    var hasRoom: Bool {
        guard !isKept, outcome == nil, let fastest = fastestPosition else { return true }
        return receivedCount - fastest <= window
    }

    private var fastestPosition: Int? {
        var fastest: Int?
        for reader in readers.items where !reader.value.isDismissed {
            fastest = max(fastest ?? 0, reader.value.position)
        }
        return fastest
    }

    // MARK: What the upstream does

    mutating func began(_ head: ResponseHead, expectedLength: Int?) {
        self.head = head
        if let expectedLength { bytes.reserveCapacity(min(expectedLength, keepLimit)) }
    }

    /// Takes the next bytes.
    ///
    /// - Returns: The live readers, who have to be handed these very bytes.
    mutating func receive(_ chunk: Span<UInt8>) -> [ReaderID] {
        receivedCount += chunk.count
        if receivedCount > keepLimit { isKept = false }
        var live: [ReaderID] = []
        var isNeeded = isKept
        let receivedCount = receivedCount
        readers.updateAll { id, reader in
            if reader.isDismissed { return }
            if reader.isLive {
                reader.position = receivedCount
                live.append(id)
            } else {
                isNeeded = true
            }
        }
        if isNeeded {
            chunk.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        } else {
            // Everybody has what came before, and is handed these.
            bytes.removeAll(keepingCapacity: false)
            start = receivedCount
        }
        slide()
        return live
    }

    /// Says whether the response is worth finishing for the cache's sake alone.
    mutating func setGoesOnAlone(_ goesOnAlone: Bool) { self.goesOnAlone = goesOnAlone }

    mutating func end(_ outcome: FetchOutcome) {
        if self.outcome == nil { self.outcome = outcome }
    }

    /// The whole body, moved out or shared; nil when it is too long to be kept.
    var keptBody: [UInt8]? { isKept ? bytes : nil }

    /// Puts a tighter copy of the kept body in its place.
    mutating func replaceKeptBody(_ body: [UInt8]) {
        guard isKept, body.count == bytes.count else { return }
        bytes = body
    }

    // MARK: What readers do

    /// Adds a reader that starts at the first byte.
    ///
    /// - Returns: nil when the beginning is gone, or the call has been given up.
    mutating func addReader() -> ReaderID? {
        guard isKept, !isAbandoned || nextReader == 0 else { return nil }
        let id = nextReader
        nextReader += 1
        readers.append(Reader(), for: id)
        return id
    }

    mutating func removeReader(_ id: ReaderID) {
        readers.remove(id)
        slide()
    }

    /// What a reader finds now.
    func news(for id: ReaderID) -> News {
        guard let reader = readers[id] else { return .failed(.cancelled) }
        if reader.isDismissed { return .failed(.tooSlow) }
        if reader.position < receivedCount { return .bytes }
        switch outcome {
        case nil: return .nothing
        case .failed(let failure): return .failed(failure)
        case .complete(let result): return .ended(result)
        }
    }

    /// Lets a reader read what has come, at most `limit` bytes of it.
    mutating func read(_ id: ReaderID, limit: Int, _ body: (Span<UInt8>) -> Void) {
        guard let reader = readers[id], !reader.isDismissed, reader.position < receivedCount else {
            return
        }
        let from = reader.position - start
        let to = min(bytes.count, from + limit)
        body(bytes.span.extracting(from..<to))
        let position = start + to
        readers.update(id) { $0.position = position }
        slide()
    }

    /// Says whether a reader takes bytes as they come; only one that has read everything can.
    mutating func setLive(_ id: ReaderID, _ isLive: Bool) {
        let receivedCount = receivedCount
        readers.update(id) { $0.isLive = isLive && $0.position == receivedCount }
    }

    // MARK: The window

    private mutating func slide() {
        guard !isKept else { return }
        if let fastest = fastestPosition {
            let window = window
            readers.updateAll { _, reader in
                if fastest - reader.position > window { reader.isDismissed = true }
            }
        }
        var needed = receivedCount
        for reader in readers.items where !reader.value.isDismissed {
            needed = min(needed, reader.value.position)
        }
        // In large steps, for each moves what is left.
        let surplus = needed - start
        if surplus == bytes.count {
            bytes.removeAll(keepingCapacity: false)
            start = needed
        } else if surplus > window / 4 {
            bytes.removeFirst(surplus)
            start = needed
        }
    }
}

/// How an upstream call ended.
enum FetchOutcome: Equatable, Sendable {
    /// The body came to its clean end.
    case complete(StoringResult)
    /// There is no more to come, and what came is not whole.
    case failed(FetchFailure)
}
