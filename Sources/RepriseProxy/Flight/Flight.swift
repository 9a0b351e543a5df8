import NIOCore
import RepriseCore
import Synchronization

/// One upstream call and everybody who reads its response.
///
/// The call belongs to ``FlightService``; readers come and go. Whoever waits is a closure kept
/// beside the state, so a wake-up costs one lock, and a task only where one waits anyway.
final class Flight: Sendable {
    /// Wakes somebody who waits, once. Called on any thread, with no lock held.
    typealias Wake = @Sendable () -> Void

    /// Ends the call once nobody reads and nothing is gained by going on.
    let cancellation = Cancellation()
    private let guarded: Mutex<Guarded>

    private struct Guarded {
        var state: FlightState
        var storing: StoringTerms?
        /// Who waits for more of the response.
        var readers: [FlightState.ReaderID: Wake] = [:]
        /// The call, while it waits for readers to catch up.
        var call: Wake?
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
                storing: storing))
    }

    // MARK: The upstream's side

    /// How to store the response; nil while no reader allows it.
    var storing: StoringTerms? { guarded.withLock { $0.storing } }

    /// Whether all of the body is retained.
    var isRetained: Bool { guarded.withLock { $0.state.isRetained } }

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
        changeResponse { $0.receive(head: head) }
    }

    /// Takes the next chunk of the body.
    ///
    /// - Returns: Whether the response is still retained whole.
    func receive(_ buffer: ByteBuffer) -> Bool {
        let compact = buffer.compacted
        return changeResponse {
            $0.receive(compact)
            return $0.isRetained
        }
    }

    /// Takes a whole response that another server's call has brought.
    func replay(head: ResponseHead, body: ByteBuffer) {
        changeResponse { $0.replay(head: head, body: body) }
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
        changeResponse { $0.finish(outcome) }
        wakeCall()
    }

    /// Says that the response is not worth finishing for the cache's sake alone.
    func stopKeepingAlone() {
        guarded.withLock { $0.state.keepsGoingAlone = false }
        cancelIfAbandoned()
    }

    /// Whether readers have caught up enough for the upstream to be read on; if not, `wake` is
    /// called when they may have.
    func hasRoom(orElse wake: @escaping Wake) -> Bool {
        guarded.withLock { guarded in
            if guarded.state.hasRoom { return true }
            guarded.call = wake
            return false
        }
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
        let (reader, call) = guarded.withLock { guarded in
            guarded.state.removeReader(id)
            return (guarded.readers.removeValue(forKey: id), guarded.call.take())
        }
        reader?()
        call?()
        cancelIfAbandoned()
    }

    /// Whether another server's call has brought the response.
    var isAnsweredByOthers: Bool {
        guarded.withLock { $0.state.awaitsOthers && $0.state.head != nil }
    }

    /// The outcome as it is now; nil while the response is on its way.
    var outcome: FlightOutcome? { guarded.withLock { $0.state.outcome } }

    /// Looks for something in the response; when it is not there yet, `wake` is called once after
    /// the next change.
    ///
    /// - Parameter id: The reader that looks; it waits for one thing at a time.
    func poll<Found>(
        for id: FlightState.ReaderID, orElse wake: @escaping Wake,
        _ probe: (inout FlightState) -> Found?
    ) -> Found? {
        guarded.withLock { guarded in
            let found = probe(&guarded.state)
            guarded.readers[id] = found == nil ? wake : nil
            return found
        }
    }

    /// What a reader does next; for ``FlightState/Step/wait``, `wake` is called once after the next
    /// change.
    func next(for id: FlightState.ReaderID, orElse wake: @escaping Wake) -> FlightState.Step {
        let step = poll(for: id, orElse: wake) { $0.nextUnlessNone(for: id) }
        if case .deliver = step { wakeCall() }
        return step ?? .wait
    }

    /// The next buffers for a reader; nil at the clean end.
    func next(for id: FlightState.ReaderID) async throws(FlightFailure) -> [ByteBuffer]? {
        switch try await wait(for: id, { $0.nextUnlessNone(for: id) }) {
        case .deliver(let buffers):
            wakeCall()
            return buffers
        case .fail(let failure): throw failure
        case .finish, .wait: return nil
        }
    }

    private func cancelIfAbandoned() {
        if guarded.withLock({ $0.state.isAbandoned }) { cancellation.cancel() }
    }

    // MARK: Waiting

    private func changeResponse<Result>(_ body: (inout FlightState) -> Result) -> Result {
        let (result, readers) = guarded.withLock { guarded in
            let readers = guarded.readers
            if !readers.isEmpty { guarded.readers = [:] }
            return (body(&guarded.state), readers)
        }
        for wake in readers.values {
            wake()
        }
        return result
    }

    private func wakeCall() {
        let wake = guarded.withLock { $0.call.take() }
        wake?()
    }

    /// Waits until `probe` finds what it looks for in the response: it is called under the lock, and
    /// again each time that the reader is woken.
    ///
    /// - Throws: ``FlightFailure/cancelled`` when the task is cancelled.
    func wait<Found: Sendable>(
        for id: FlightState.ReaderID, _ probe: (inout FlightState) -> Found?
    ) async throws(FlightFailure) -> Found {
        var found = guarded.withLock { probe(&$0.state) }
        while true {
            if let found { return found }
            if Task.isCancelled { throw .cancelled }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    // Probed again with the lock that registers, or a change between the two
                    // would wake nobody.
                    let isReady = guarded.withLock { guarded in
                        found = probe(&guarded.state)
                        if found != nil || Task.isCancelled { return true }
                        guarded.readers[id] = { continuation.resume() }
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                let wake = guarded.withLock { $0.readers.removeValue(forKey: id) }
                wake?()
            }
        }
    }
}

extension FlightState {
    /// What a reader does next; nil when it has to wait.
    fileprivate mutating func nextUnlessNone(for id: ReaderID) -> Step? {
        let step = next(for: id)
        return step == .wait ? nil : step
    }
}
