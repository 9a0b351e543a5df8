import DequeModule
import NIOCore
import RepriseCore

/// What one upstream call has brought so far, and how far each reader has come: a state machine
/// without I/O.
///
/// While the response is retained, all of it stays in memory and a late reader starts at the first
/// byte. Once more than `retention` bytes have come it is a sliding window: what every reader has
/// read is dropped, the fastest reader sets the pace, and a reader that falls more than `window`
/// bytes behind the fastest is dismissed rather than stalling the others.
struct FlightState {
    typealias ReaderID = Int

    /// Bytes kept for late readers and for storing.
    let retention: Int
    /// Bytes a reader may lag, and the upstream may run ahead, once nothing is retained.
    let window: Int
    /// Whether the call goes on, for the cache's sake, when every reader has left.
    var keepsGoingAlone: Bool
    /// Whether another server's call may yet bring the response, or has brought it.
    private(set) var awaitsOthers: Bool

    private(set) var head: ResponseHead?
    private(set) var outcome: FlightOutcome?
    private(set) var isRetained = true
    /// Bytes of the body that have come.
    private(set) var receivedBytes = 0
    private var chunks = Deque<Chunk>()
    /// How many chunks were dropped from the front.
    private var dropped = 0
    private var positions: [ReaderID: Int] = [leader: 0]
    private var dismissed: Set<ReaderID> = []
    private var nextReader = leader + 1

    /// The reader that every flight begins with.
    static let leader: ReaderID = 0

    private struct Chunk {
        /// Bytes of the response before this chunk.
        var start: Int
        var buffer: ByteBuffer
    }

    /// What a reader does next.
    enum Step: Equatable {
        case deliver([ByteBuffer])
        case wait
        case finish
        case fail(FlightFailure)
    }

    init(
        retention: Int, window: Int, keepsGoingAlone: Bool, awaitsOthers: Bool = false
    ) {
        self.awaitsOthers = awaitsOthers
        self.retention = retention
        self.window = window
        self.keepsGoingAlone = keepsGoingAlone
    }

    /// Whether nobody reads and nothing is gained by going on.
    var isAbandoned: Bool { positions.isEmpty && !keepsGoingAlone }

    /// The whole body so far; nil when it was too long to be retained.
    var retainedChunks: [ByteBuffer]? {
        isRetained ? chunks.map(\.buffer) : nil
    }

    /// Whether the upstream should be read on: while retained always, then as far as the window
    /// lets the fastest reader lag.
    var hasRoom: Bool {
        guard !isRetained, outcome == nil, let fastest = positions.values.max() else { return true }
        return receivedBytes - offset(ofChunk: fastest) <= window
    }

    // MARK: What the upstream does

    mutating func receive(head: ResponseHead) {
        self.head = head
    }

    mutating func receive(_ buffer: ByteBuffer) {
        chunks.append(Chunk(start: receivedBytes, buffer: buffer))
        receivedBytes += buffer.readableBytes
        if receivedBytes > retention {
            isRetained = false
        }
        dropWhatNobodyNeeds()
    }

    /// Takes a whole response that another server's call has brought.
    ///
    /// It is in memory anyway, so its length does not count.
    mutating func replay(head: ResponseHead, body: ByteBuffer) {
        self.head = head
        guard body.readableBytes > 0 else { return }
        chunks.append(Chunk(start: 0, buffer: body))
        receivedBytes = body.readableBytes
    }

    /// Begins a call of this server's own.
    ///
    /// - Returns: false when it has been given up.
    mutating func beginOwnCall(keepsGoingAlone: Bool) -> Bool {
        guard !isAbandoned else { return false }
        awaitsOthers = false
        self.keepsGoingAlone = keepsGoingAlone
        return true
    }

    mutating func finish(_ outcome: FlightOutcome) {
        if self.outcome == nil {
            self.outcome = outcome
        }
    }

    // MARK: What readers do

    /// Adds a reader that starts at the first byte.
    ///
    /// - Parameter takesOthersAnswer: Whether another server's call may answer it.
    /// - Returns: nil when the beginning is gone, the call has been given up, or it may not be this
    ///   server's.
    mutating func addReader(takesOthersAnswer: Bool = true) -> ReaderID? {
        guard isRetained, !isAbandoned, takesOthersAnswer || !awaitsOthers else { return nil }
        let id = nextReader
        nextReader += 1
        positions[id] = 0
        return id
    }

    mutating func removeReader(_ id: ReaderID) {
        positions[id] = nil
        dismissed.remove(id)
        dropWhatNobodyNeeds()
    }

    /// Why a reader gets nothing more, if so.
    func failure(for id: ReaderID) -> FlightFailure? {
        if positions[id] == nil {
            return dismissed.contains(id) ? .tooSlow : .left
        }
        if case .failed(let failure) = outcome { return failure }
        return nil
    }

    mutating func next(for id: ReaderID) -> Step {
        let end = dropped + chunks.count
        if let position = positions[id], position < end {
            let buffers = chunks[(position - dropped)...].map(\.buffer)
            positions[id] = end
            dropWhatNobodyNeeds()
            return .deliver(buffers)
        }
        if let failure = failure(for: id) { return .fail(failure) }
        return outcome == nil ? .wait : .finish
    }

    // MARK: The window

    private func offset(ofChunk index: Int) -> Int {
        let local = index - dropped
        return local < chunks.count ? chunks[local].start : receivedBytes
    }

    private mutating func dropWhatNobodyNeeds() {
        guard !isRetained else { return }
        if let fastest = positions.values.max() {
            let limit = offset(ofChunk: fastest) - window
            for (id, position) in positions where offset(ofChunk: position) < limit {
                positions[id] = nil
                dismissed.insert(id)
            }
        }
        let needed = positions.values.min() ?? dropped + chunks.count
        while dropped < needed {
            chunks.removeFirst()
            dropped += 1
        }
    }
}
