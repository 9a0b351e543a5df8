import NIOCore
import RepriseCore
import Synchronization

/// One upstream call and everybody who reads its response.
///
/// The call runs in ``FlightService``; readers come and go. Whoever waits is a continuation kept
/// beside the state, so a wake-up costs one lock and no task.
final class Flight: Sendable {
    /// Ends the call once nobody reads and nothing is gained by going on.
    let cancellation = Cancellation()
    private let guarded: Mutex<Guarded>

    private struct Guarded {
        var state: FlightState
        var storing: StoringTerms?
        var waiters: [[Int: CheckedContinuation<Void, Never>]]
        var nextWaiter = 0
    }

    /// What a waiter waits for; each kind of change wakes only its own.
    private enum Change: Int, CaseIterable {
        case response, room
    }

    /// Makes a flight that has not started.
    ///
    /// - Parameters:
    ///   - retention: Bytes of the response kept for late readers and for storing.
    ///   - window: Bytes that are buffered of a longer response.
    ///   - keepsGoingAlone: Whether it goes on for the cache's sake when every reader has left.
    ///   - awaitsOthers: Whether another server's call may bring the response.
    ///   - storing: How the leader lets the response be stored; nil when it does not.
    init(
        retention: Int, window: Int = 1 << 20, keepsGoingAlone: Bool, awaitsOthers: Bool = false,
        storing: StoringTerms? = nil
    ) {
        guarded = Mutex(
            Guarded(
                state: FlightState(
                    retention: retention, window: window, keepsGoingAlone: keepsGoingAlone,
                    awaitsOthers: awaitsOthers),
                storing: storing,
                waiters: Array(repeating: [:], count: Change.allCases.count)))
    }

    // MARK: The upstream's side

    /// How to store the response; nil while no reader allows it.
    var storing: StoringTerms? { guarded.withLock { $0.storing } }

    /// The whole body in one buffer; nil when it was too long to be retained.
    var retainedBody: ByteBuffer? {
        guard let chunks = guarded.withLock({ $0.state.retainedChunks }) else { return nil }
        if chunks.count == 1 { return chunks[0] }
        var body = ByteBuffer()
        body.reserveCapacity(chunks.reduce(0) { $0 + $1.readableBytes })
        for chunk in chunks {
            body.writeImmutableBuffer(chunk)
        }
        return body
    }

    func receive(head: ResponseHead) {
        change(.response) { $0.receive(head: head) }
    }

    /// Takes the next chunk of the body.
    ///
    /// - Returns: Whether the response is still retained whole.
    func receive(_ buffer: ByteBuffer) -> Bool {
        let compact = buffer.compacted
        return change(.response) {
            $0.receive(compact)
            return $0.isRetained
        }
    }

    /// Takes a whole response that another server's call has brought.
    func replay(head: ResponseHead, body: ByteBuffer) {
        change(.response) { $0.replay(head: head, body: body) }
    }

    /// Begins a call of this server's own.
    ///
    /// - Parameter keepsGoingAlone: Whether it goes on for the cache's sake when every reader has
    ///   left.
    /// - Returns: false when it has been given up.
    func beginOwnCall(keepsGoingAlone: Bool) -> Bool {
        guarded.withLock { $0.state.beginOwnCall(keepsGoingAlone: keepsGoingAlone) }
    }

    func finish(_ outcome: FlightOutcome) {
        change(.response) { $0.finish(outcome) }
    }

    /// Says that the response is not worth finishing for the cache's sake alone.
    func stopKeepingAlone() {
        guarded.withLock { $0.state.keepsGoingAlone = false }
        cancelIfAbandoned()
    }

    /// Waits until readers have caught up enough for the upstream to be read on.
    func waitForRoom() async throws(FlightFailure) {
        _ = try await wait(for: .room) { $0.hasRoom ? true : nil }
    }

    // MARK: The readers' side

    /// Adds a reader that starts at the first byte.
    ///
    /// - Parameter storing: How this reader lets the response be stored, nil when it does not; the
    ///   first that does decides.
    /// - Parameter takesOthersAnswer: Whether another server's call may answer it.
    /// - Returns: nil when the beginning is already gone, the call has been given up, or it may not
    ///   be this server's.
    func join(storing: StoringTerms?, takesOthersAnswer: Bool = true) -> FlightReader? {
        let id: FlightState.ReaderID? = guarded.withLock { guarded in
            guard let id = guarded.state.addReader(takesOthersAnswer: takesOthersAnswer)
            else { return nil }
            guarded.storing = guarded.storing ?? storing
            return id
        }
        return id.map { FlightReader(flight: self, id: $0) }
    }

    func leave(_ id: FlightState.ReaderID) {
        change(.response, .room) { $0.removeReader(id) }
        cancelIfAbandoned()
    }

    /// Whether another server's call has brought the response.
    var isAnsweredByOthers: Bool {
        guarded.withLock { $0.state.awaitsOthers && $0.state.head != nil }
    }

    /// The outcome as it is now; nil while the response is on its way.
    var outcome: FlightOutcome? { guarded.withLock { $0.state.outcome } }

    /// Waits until `probe` finds what it looks for in the response.
    func wait<Found: Sendable>(
        _ probe: (inout FlightState) -> Found?
    ) async throws(FlightFailure) -> Found {
        try await wait(for: .response, probe)
    }

    /// The next buffers for a reader; nil at the clean end.
    func next(for id: FlightState.ReaderID) async throws(FlightFailure) -> [ByteBuffer]? {
        let step = try await wait { state -> FlightState.Step? in
            let step = state.next(for: id)
            return step == .wait ? nil : step
        }
        switch step {
        case .deliver(let buffers):
            wake(.room)
            return buffers
        case .fail(let failure): throw failure
        case .finish, .wait: return nil
        }
    }

    private func cancelIfAbandoned() {
        if guarded.withLock({ $0.state.isAbandoned }) { cancellation.cancel() }
    }

    // MARK: Waiting

    private func change<Result>(
        _ changes: Change..., by body: (inout FlightState) -> Result
    ) -> Result {
        let result = guarded.withLock { body(&$0.state) }
        for change in changes {
            wake(change)
        }
        return result
    }

    private func wake(_ change: Change) {
        let woken = guarded.withLock { guarded in
            let woken = guarded.waiters[change.rawValue]
            if !woken.isEmpty { guarded.waiters[change.rawValue] = [:] }
            return woken
        }
        for continuation in woken.values {
            continuation.resume()
        }
    }

    /// Probes under the lock, and again after each change of the given kind.
    ///
    /// - Throws: ``FlightFailure/cancelled`` when the task is cancelled.
    private func wait<Found: Sendable>(
        for change: Change, _ probe: (inout FlightState) -> Found?
    ) async throws(FlightFailure) -> Found {
        var found: Found?
        while true {
            let ticket = guarded.withLock { guarded in
                found = probe(&guarded.state)
                guarded.nextWaiter += 1
                return guarded.nextWaiter
            }
            if let found { return found }
            if Task.isCancelled { throw .cancelled }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    // Probed again with the lock that registers, or a change between the two
                    // would wake nobody.
                    let isReady = guarded.withLock { guarded in
                        found = probe(&guarded.state)
                        if found != nil || Task.isCancelled { return true }
                        guarded.waiters[change.rawValue][ticket] = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                guarded.withLock { $0.waiters[change.rawValue].removeValue(forKey: ticket) }?
                    .resume()
            }
            if let found { return found }
        }
    }
}
