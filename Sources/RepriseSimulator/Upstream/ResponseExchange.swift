/// One request that is being answered: which step is next, and what a step asks of the connection.
///
/// An event goes in, an action comes out; ``SimulatorConnection`` carries it out.
struct ResponseExchange {
    /// What the connection has to do next.
    enum Action {
        /// Write, then ask again.
        case write([UInt8])
        /// Write, then ask again once the peer has taken most of what was written.
        case writeAtPace([UInt8])
        /// Ask again when the gate is open.
        case waitForGate(Gate)
        /// Ask again after this time.
        case waitFor(Duration)
        /// Do nothing until the peer closes.
        case hang
        /// Write, and when all is sent the response is over.
        case finish([UInt8], closes: Bool)
        /// Close behind what was written.
        case cut
        /// Reset when all is sent.
        case reset
    }

    /// The request that is being answered.
    let request: SimulatedRequest

    private let keepsAlive: Bool
    private var steps: ArraySlice<SimulatedResponse.Step>
    private var framer: ResponseFramer
    private var flood: (piece: [UInt8], left: Int)?

    /// Makes the exchange of a request and its scripted response.
    ///
    /// - Parameter keepsAlive: Whether the request lets the connection stay open afterwards.
    init(request: SimulatedRequest, response: SimulatedResponse, keepsAlive: Bool) {
        self.request = request
        self.keepsAlive = keepsAlive
        steps = response.steps[...]
        framer = ResponseFramer(omitsBody: request.method == "HEAD")
    }

    /// Takes the next step.
    mutating func next() -> Action {
        if let flood, flood.left > 0 {
            self.flood?.left -= 1
            return .writeAtPace(flood.piece)
        }
        switch steps.popFirst() ?? .end() {
        case .informational(let status, let headers):
            return .write(framer.informational(status: status, headers: headers))
        case .head(let status, let headers, let framing):
            return .write(framer.head(status: status, headers: headers, framing: framing))
        case .bytes(let bytes):
            return .writeAtPace(framer.bytes(bytes))
        case .flood(let bytes, let times):
            let piece = framer.bytes(bytes)
            flood = (piece, piece.isEmpty ? 0 : times)
            return next()
        case .raw(let bytes):
            return .write(bytes)
        case .pause(let gate):
            return .waitForGate(gate)
        case .delay(let duration):
            return .waitFor(duration)
        case .end(let trailers):
            return .finish(
                framer.end(trailers: trailers), closes: !keepsAlive || framer.endsWithConnection)
        case .cut:
            return .cut
        case .reset:
            return .reset
        case .hang:
            return .hang
        }
    }
}
