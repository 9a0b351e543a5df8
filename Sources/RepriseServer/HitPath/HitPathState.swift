/// Where a connection stands between the hit path and the full path: a state machine without I/O.
///
/// The hit path may answer only at a request's first byte with nothing owed before it. It knows
/// that it stands there as long as it knows the length of all it handed on; once it does not, the
/// connection belongs to the full path for good.
struct HitPathState: Equatable {
    private enum Phase: Equatable {
        /// At the first byte of a request, nothing is owed.
        case ready
        /// A request was handed on, but for its last `remaining` bytes.
        case handingOn(remaining: Int)
        /// A whole request was handed on, and its response is not complete.
        case awaitingResponse
        /// A whole request is being answered here, by the store or from upstream.
        case answering
        /// The full path has the connection.
        case handedOver
    }

    private var phase = Phase.ready

    /// What is done with bytes that have come.
    enum Action: Equatable {
        /// They are looked at.
        case examine
        /// They are kept behind the request that is being answered.
        case keep
        /// They are handed on.
        case handOn
    }

    /// Bytes have come.
    mutating func receive(_ count: Int) -> Action {
        switch phase {
        case .ready:
            return .examine
        case .answering:
            return .keep
        case .handingOn(let remaining) where count < remaining:
            phase = .handingOn(remaining: remaining - count)
        case .handingOn(let remaining) where count == remaining:
            phase = .awaitingResponse
        case .handingOn, .awaitingResponse, .handedOver:
            // More than the one request: it would take a parser to say where the next one begins.
            phase = .handedOver
        }
        return .handOn
    }

    /// A whole request has come that takes a while to be answered.
    mutating func beginAnswering() {
        phase = .answering
    }

    /// The request has been answered, or is not any more.
    mutating func endAnswering() {
        phase = .ready
    }

    /// A plain request that the hit path does not answer is handed on.
    ///
    /// - Parameters:
    ///   - length: Its bytes in all.
    ///   - available: The bytes that have come.
    mutating func handOn(length: Int, available: Int) {
        if available < length {
            phase = .handingOn(remaining: length - available)
        } else {
            phase = available == length ? .awaitingResponse : .handedOver
        }
    }

    /// Something that is not plain is handed on.
    mutating func handOver() {
        phase = .handedOver
    }

    /// The full path has written a response to its end.
    mutating func endResponse() {
        switch phase {
        case .awaitingResponse: phase = .ready
        // A response before the end of its request: the rest may be anything.
        case .handingOn: phase = .handedOver
        case .ready, .answering, .handedOver: break
        }
    }

    /// Whether a whole request is being answered here.
    var isAnswering: Bool { phase == .answering }

    /// Whether the handlers behind have nothing of a request, and owe nothing.
    var isKeptHere: Bool { phase == .ready || phase == .answering }
}
