public import NIOCore
import RepriseCore

/// One request's view of an upstream call: the response from its first byte, live.
///
/// Leaves the call when it is released. It is either awaited by a task, or polled with a closure
/// that is called once after the next change, on any thread.
public final class FlightReader: Sendable {
    private let flight: Flight
    private let id: FlightState.ReaderID

    init(flight: Flight, id: FlightState.ReaderID) {
        self.flight = flight
        self.id = id
    }

    /// The reader that a flight begins with; to be made once for each flight.
    convenience init(leading flight: Flight) {
        self.init(flight: flight, id: FlightState.leader)
    }

    deinit {
        flight.leave(id)
    }

    /// What a client's response can begin with.
    enum Arrival: Equatable, Sendable {
        /// The head; the body is still to come, or is too long to be waited for.
        case head(ResponseHead)
        /// The head, and a body that has come to its end, of so many bytes.
        case whole(ResponseHead, length: Int, StoringResult)
        /// Nothing.
        case failure(FlightFailure)
    }

    /// Waits for the head of the response, and for its whole body where that is asked for.
    ///
    /// - Parameter awaitsBody: Whether the body is to be waited for, as long as it is retained.
    func arrival(_ awaitsBody: (ResponseHead) -> Bool) async -> Arrival {
        let id = id
        do throws(FlightFailure) {
            return try await flight.wait(for: id) { $0.arrival(for: id, awaitsBody) }
        } catch {
            return .failure(error)
        }
    }

    /// What has arrived; nil when nothing has, then `wake` is called after the next change.
    func arrival(
        orElse wake: @escaping @Sendable () -> Void, _ awaitsBody: (ResponseHead) -> Bool
    ) -> Arrival? {
        flight.poll(for: id, orElse: wake) { $0.arrival(for: id, awaitsBody) }
    }

    /// The next buffers of the body in order; nil at its clean end.
    ///
    /// - Throws: ``FlightFailure`` when the body ends before it is whole: the response to the
    ///   client must then be cut too, never ended cleanly.
    func next() async throws(FlightFailure) -> [ByteBuffer]? {
        try await flight.next(for: id)
    }

    /// What is to be done next with the body; when nothing is, `wake` is called after the next
    /// change.
    public func next(orElse wake: @escaping @Sendable () -> Void) -> BodyStep {
        switch flight.next(for: id, orElse: wake) {
        case .deliver(let buffers): .deliver(buffers)
        case .wait: .wait
        case .finish: .finish
        case .fail: .cut
        }
    }

    /// What is to be done next with the body of a response.
    public enum BodyStep: Equatable, Sendable {
        /// These buffers are passed on.
        case deliver([ByteBuffer])
        /// There is nothing new.
        case wait
        /// The body is whole.
        case finish
        /// The body ends before it is whole: the response to the client must be cut too, never
        /// ended cleanly.
        case cut
    }

    /// Gives the response up, from any thread; a pending wait ends at once.
    public func leave() {
        flight.leave(id)
    }

    /// Whether another server's call has brought the response.
    var isAnsweredByOthers: Bool { flight.isAnsweredByOthers }

    /// What became of the response in the cache; nil while it is on its way or when it failed.
    var storingResult: StoringResult? {
        if case .complete(let result) = flight.outcome { result } else { nil }
    }
}

extension FlightState {
    /// What a reader's response can begin with; nil when it has to wait.
    fileprivate func arrival(
        for id: ReaderID, _ awaitsBody: (ResponseHead) -> Bool
    ) -> FlightReader.Arrival? {
        guard let head else { return failure(for: id).map { .failure($0) } }
        guard awaitsBody(head) else { return .head(head) }
        if let failure = failure(for: id) { return .failure(failure) }
        guard isRetained else { return .head(head) }
        guard case .complete(let result) = outcome else { return nil }
        return .whole(head, length: receivedBytes, result)
    }
}
