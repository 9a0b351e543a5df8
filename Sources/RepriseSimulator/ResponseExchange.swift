import NIOCore

/// One request that is being answered: which step is next, and what a step asks of the channel.
///
/// An event goes in, an action comes out; the handler carries it out. It holds no channel.
struct ResponseExchange {
    /// What the handler has to do next.
    enum Action {
        /// Write and flush, then ask again.
        case write(ByteBuffer)
        /// Write once the channel is writable; until then, wait for that.
        case writeWhenWritable(ByteBuffer)
        /// Ask again when the gate is open.
        case waitForGate(Gate)
        /// Ask again after this time.
        case waitFor(Duration)
        /// Do nothing until the peer closes.
        case hang
        /// Write, and when that is flushed the response is over.
        case finish(ByteBuffer, closes: Bool)
        /// Close when all is flushed.
        case cut
        /// Reset when all is flushed.
        case reset
    }

    /// The request that is being answered.
    let request: SimulatedRequest

    private let keepsAlive: Bool
    private var steps: ArraySlice<SimulatedResponse.Step>
    private var framer: ResponseFramer
    private var flood: (piece: ByteBuffer, left: Int)?

    /// Creates the exchange of a request and its scripted response.
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
            return .writeWhenWritable(flood.piece)
        }
        switch steps.popFirst() ?? .end() {
        case .informational(let status, let headers):
            return .write(framer.informational(status: status, headers: headers))
        case .head(let status, let headers, let framing):
            return .write(framer.head(status: status, headers: headers, framing: framing))
        case .bytes(let bytes):
            return .writeWhenWritable(framer.bytes(bytes))
        case .flood(let bytes, let times):
            flood = (framer.bytes(bytes), times)
            return next()
        case .raw(let bytes):
            return .write(ByteBuffer(bytes: bytes))
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
