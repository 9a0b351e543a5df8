import NIOCore
import RepriseCore

/// One request's view of an upstream call: the response from its first byte, live.
///
/// Leaves the call when it is released.
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

    /// Waits for the head of the response.
    func head() async throws(FlightFailure) -> ResponseHead {
        let id = id
        let arrival = try await flight.wait { state -> Result<ResponseHead, FlightFailure>? in
            if let head = state.head { return .success(head) }
            return state.failure(for: id).map { .failure($0) }
        }
        return try arrival.get()
    }

    /// Waits until the body is whole, or too long to wait for.
    ///
    /// - Returns: The body's length in bytes and what became of it; nil when it is too long to be
    ///   retained.
    func wholeBody() async throws(FlightFailure) -> (length: Int, result: StoringResult)? {
        let id = id
        typealias Settled = Result<StoringResult?, FlightFailure>
        let settled = try await flight.wait { state -> Settled? in
            if let failure = state.failure(for: id) { return .failure(failure) }
            if !state.isRetained { return .success(nil) }
            if case .complete(let result) = state.outcome { return .success(result) }
            return nil
        }
        guard let result = try settled.get(), let body = flight.retainedBody else { return nil }
        return (body.readableBytes, result)
    }

    /// The next buffers of the body in order; nil at its clean end.
    ///
    /// - Throws: ``FlightFailure`` when the body ends before it is whole: the response to the
    ///   client must then be cut too, never ended cleanly.
    func next() async throws(FlightFailure) -> [ByteBuffer]? {
        try await flight.next(for: id)
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
