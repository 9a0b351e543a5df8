internal import RepriseNetwork

/// One connection of the simulated upstream: collects requests, and writes scripted responses as
/// raw bytes.
///
/// ```
///   nothing ── gate, delay, hang ──▶ event ── it happens ────▶ nothing
///   nothing ── much is written ────▶ room ─── it is taken ───▶ nothing
///   nothing ── end, reset ─────────▶ sent ─── all is sent ───▶ nothing, or over
///   any ────── cut, stop, the peer leaves ───────────────────▶ over
/// ```
///
/// It belongs to the loop of its stream. What a wait ends with may come late, such as a gate that
/// opens for a response that is over: a number tells one wait from the next.
final class SimulatorConnection {
    /// What the running response waits for; see the chart.
    private enum Wait: Equatable {
        case nothing
        case event(Int)
        /// For the peer to take what was written; `isStalled` once it is sure that it does not.
        case room(isStalled: Bool)
        case sent(Ending)
    }

    /// What follows when everything that was written is sent.
    private enum Ending: Equatable {
        case next, close, reset
    }

    /// Requests that may stand behind the one being answered; with more, the connection is closed.
    private static let pipelineLimit = 256
    /// How often it is looked at first whether the last bytes of a response are sent, and how
    /// rarely at most: a stream tells when there is room, but not when it is empty.
    private static let lookInterval = (first: 1, most: 64)

    private let stream: any ByteStream
    private let script: Script
    private let log: ObservationLog
    private var number = 0

    private var requests = IncomingRequests()
    private var waiting: [(request: SimulatedRequest, keepsAlive: Bool)] = []
    /// Whether a client waits for a 100 before it sends the body of the request that has begun.
    private var owesContinue = false
    private var exchange: ResponseExchange?
    private var wait = Wait.nothing
    private var lastEvent = 0
    private var isAdvancing = false
    /// Whether nothing more is answered: this side or the peer has ended the connection.
    private var isOver = false
    private var isClosed = false

    private var writtenCount: Int64 = 0
    private var isLookPosted = false
    private var lookMilliseconds = lookInterval.first
    private var lookTimer: (any LoopTimer)?
    private var delayTimer: (any LoopTimer)?

    /// Makes the server's end of a connection that was accepted.
    init(_ stream: any ByteStream, script: Script, log: ObservationLog) {
        self.stream = stream
        self.script = script
        self.log = log
    }

    /// This connection for other threads.
    var reference: ConnectionReference { ConnectionReference(self, on: stream.loop) }

    /// Begins to read.
    ///
    /// - Parameter number: The connection's number.
    func begin(number: Int) {
        self.number = number
        stream.receiver = self
    }

    /// Cuts what is unfinished and closes.
    func stop() {
        guard !isClosed else { return }
        end()
        if isAllSent { stream.closeWithoutEnd() } else { stream.abort() }
    }

    // MARK: Requests

    private func begin(_ incoming: IncomingRequests.Incoming) {
        owesContinue = incoming.head.expectsContinue
        let method = String(decoding: incoming.head.method, as: UTF8.self)
        let target = String(decoding: incoming.head.target, as: UTF8.self)
        if let gate = script.uploadGate(method: method, target: target) {
            stream.pauseReading()
            let reference = reference
            gate.whenOpen { reference.post { $0.readOn() } }
        }
        advance()
    }

    private func readOn() {
        if !isClosed { stream.resumeReading() }
    }

    private func receive(_ incoming: IncomingRequests.Incoming) {
        owesContinue = false
        let request = log.received(
            method: String(decoding: incoming.head.method, as: UTF8.self),
            target: String(decoding: incoming.head.target, as: UTF8.self),
            head: incoming.headBytes, body: incoming.body, connection: number)
        waiting.append((request, incoming.head.isPersistent))
        guard waiting.count <= Self.pipelineLimit else {
            end()
            return stream.close()
        }
        advance()
    }

    /// Answers bytes that are no request, unless they stand behind one that is being answered.
    private func refuse(_ refusal: IncomingRequests.Refusal) {
        if exchange == nil {
            var framer = ResponseFramer(omitsBody: false)
            write(
                framer.head(
                    status: refusal == .tooLarge ? 413 : 400, headers: [],
                    framing: .contentLength(0)))
        }
        end()
        stream.close()
    }

    // MARK: Responses

    /// Takes steps until one has to wait.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while wait == .nothing, !isOver {
            if exchange == nil {
                guard !waiting.isEmpty else {
                    if owesContinue { write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
                    owesContinue = false
                    return
                }
                let (request, keepsAlive) = waiting.removeFirst()
                exchange = ResponseExchange(
                    request: request, response: script.response(to: request),
                    keepsAlive: keepsAlive)
            }
            if let action = exchange?.next() { perform(action) }
        }
    }

    private func perform(_ action: ResponseExchange.Action) {
        switch action {
        case .write(let bytes):
            write(bytes)
        case .writeAtPace(let bytes):
            write(bytes)
            // What is written is bounded by one piece over the low-water mark.
            if !hasRoom { wait = .room(isStalled: false) }
        case .waitForGate(let gate):
            let event = beginEvent()
            let reference = reference
            gate.whenOpen { reference.post { $0.happened(event) } }
        case .waitFor(let duration):
            let event = beginEvent()
            delayTimer = stream.loop.schedule(after: duration) { [self] in
                delayTimer = nil
                happened(event)
            }
        case .hang:
            _ = beginEvent()
        case .finish(let bytes, let closes):
            write(bytes)
            waitUntilSent(closes ? .close : .next)
        case .cut:
            end()
            stream.closeWithoutEnd()
        case .reset:
            waitUntilSent(.reset)
        }
    }

    private func beginEvent() -> Int {
        lastEvent += 1
        wait = .event(lastEvent)
        return lastEvent
    }

    private func happened(_ event: Int) {
        guard wait == .event(event), !isOver else { return }
        wait = .nothing
        advance()
    }

    // MARK: What is sent

    private var hasRoom: Bool { stream.unsentByteCount <= ByteStreamLimits.lowWaterMark }

    /// Whether the socket has taken all that was written. Not told by what is unsent, for that is
    /// nothing too once a stream is closed.
    private var isAllSent: Bool { stream.sentByteCount == writtenCount }

    private func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        writtenCount += Int64(bytes.count)
        stream.write(keeping: bytes)
        lookSoon()
    }

    private func waitUntilSent(_ ending: Ending) {
        wait = .sent(ending)
        lookMilliseconds = Self.lookInterval.first
        lookSoon()
    }

    /// Looks at what the socket has taken after this turn, for only then it is given anything.
    private func lookSoon() {
        guard !isLookPosted else { return }
        isLookPosted = true
        reference.post {
            $0.isLookPosted = false
            $0.look()
        }
    }

    private func look() {
        log.sent(stream.sentByteCount, connection: number)
        guard !isOver else { return }
        switch wait {
        case .sent(let ending):
            guard isAllSent else { return lookLater() }
            wait = .nothing
            complete(ending)
            advance()
        case .room(isStalled: false):
            if hasRoom {
                wait = .nothing
                advance()
            } else {
                wait = .room(isStalled: true)
                log.stallSignal.increment()
            }
        case .nothing, .event, .room(isStalled: true): break
        }
    }

    private func lookLater() {
        guard lookTimer == nil, !isClosed else { return }
        let delay = lookMilliseconds
        lookMilliseconds = min(2 * delay, Self.lookInterval.most)
        lookTimer = stream.loop.schedule(after: .milliseconds(delay)) { [self] in
            lookTimer = nil
            look()
        }
    }

    private func complete(_ ending: Ending) {
        if ending == .reset {
            end()
            return stream.abort()
        }
        exchange = nil
        log.responseSignal.increment()
        if ending == .close {
            end()
            stream.close()
        }
    }

    // MARK: The end

    /// Lets go of all that is unanswered.
    private func end() {
        isOver = true
        exchange = nil
        waiting = []
        owesContinue = false
        lookTimer?.cancel()
        lookTimer = nil
        delayTimer?.cancel()
        delayTimer = nil
    }

    private func peerLeft() {
        // The peer may have had the whole response, and have left before this side looked.
        look()
        guard !isOver else { return }
        if let exchange {
            log.disconnected(connection: number, arrival: exchange.request.arrival)
        }
        end()
    }
}

extension SimulatorConnection: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        var position = 0
        while !isOver {
            do throws(IncomingRequests.Refusal) {
                switch try requests.next(bytes, from: &position) {
                case nil: return
                case .head(let incoming): begin(incoming)
                case .body(let count): log.uploaded(count)
                case .whole(let incoming): receive(incoming)
                }
            } catch {
                return refuse(error)
            }
        }
    }

    func streamDrained() {
        log.sent(stream.sentByteCount, connection: number)
        guard case .room = wait, !isOver else { return }
        wait = .nothing
        advance()
    }

    func streamEnded() {
        let wasOver = isOver
        peerLeft()
        guard !wasOver else { return }
        if isAllSent { stream.close() } else { stream.abort() }
    }

    func streamClosed(_ reason: StreamCloseReason) {
        isClosed = true
        peerLeft()
        log.closed(connection: number)
    }
}
