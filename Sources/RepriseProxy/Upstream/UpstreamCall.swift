import NIOCore
import RepriseCore
import RepriseStorage

/// One upstream call: gives a flight what comes of it.
///
/// Bound to its event loop, and kept by its exchange.
final class UpstreamCall: UpstreamResponseReceiver {
    private let flight: Flight
    private let recorder: FlightRecorder?
    private let store: TieredStore
    private let clock: WallClock
    private let eventLoop: any EventLoop
    private let onEnd: (FlightOutcome) -> Void
    private lazy var credentialScope = recorder?.credentialScope() ?? []
    private var recording: FlightRecording?
    /// The head, as long as it is not recorded.
    private var unrecordedHead: ResponseHead?
    /// Pieces of the body that are not recorded yet.
    private var unrecorded: [ByteBuffer] = []
    private var isRecordingDue = false
    private var isFramed = false
    private weak var exchange: UpstreamExchange?

    /// Makes a call that is not sent yet.
    ///
    /// - Parameters:
    ///   - recorder: Records the response; nil when it is not to be stored.
    ///   - store: Where a whole response is stored before its end is told.
    ///   - clock: Tells when that was.
    ///   - eventLoop: Where the call runs, its connection included.
    ///   - onEnd: Told how the call ended, once.
    init(
        _ flight: Flight, _ recorder: FlightRecorder?, storingIn store: TieredStore,
        clock: WallClock, on eventLoop: any EventLoop, onEnd: @escaping (FlightOutcome) -> Void
    ) {
        self.flight = flight
        self.recorder = recorder
        self.store = store
        self.clock = clock
        self.eventLoop = eventLoop
        self.onEnd = onEnd
    }

    /// Sends the request.
    func send(_ request: UpstreamRequest, by client: UpstreamClient) {
        guard let exchange = client.send(request, to: self, on: eventLoop), !exchange.isOver
        else { return }
        self.exchange = exchange
        let bound = NIOLoopBound(exchange, eventLoop: eventLoop)
        flight.cancellation.onCancel { [eventLoop] in
            // In a later turn: the call itself may be what brought the flight to be cancelled.
            eventLoop.execute { bound.value.fail(.connectionLost) }
        }
        // Behind the turn that sends the request, while the upstream works.
        if recorder != nil { eventLoop.assumeIsolated().execute { _ = self.credentialScope } }
    }

    func receive(_ head: ResponseHead, isFramed: Bool) {
        self.isFramed = isFramed
        flight.receive(head: head)
        if recorder == nil { return flight.stopKeepingAlone() }
        unrecordedHead = head
        recordSoon()
    }

    func receive(_ piece: ByteBuffer) -> Bool {
        if flight.receive(piece) {
            if recorder != nil {
                unrecorded.append(piece)
                recordSoon()
            }
            return true
        }
        flight.stopKeepingAlone()
        return hasRoom()
    }

    /// Records what has come, behind the turns in which readers pass it on.
    private func recordSoon() {
        if isRecordingDue { return }
        isRecordingDue = true
        eventLoop.assumeIsolated().execute { self.record() }
    }

    private func record() {
        isRecordingDue = false
        if let head = unrecordedHead.take() {
            recording = recorder?.recording(of: head, credentialScope: credentialScope)
            if recording?.isWorthFinishing != true || flight.storing == nil {
                flight.stopKeepingAlone()
            }
        }
        let pieces = unrecorded
        unrecorded.removeAll(keepingCapacity: true)
        for piece in pieces {
            recording?.consume(piece)
        }
    }

    private func hasRoom() -> Bool {
        guard let exchange else { return true }
        let bound = NIOLoopBound((self, exchange), eventLoop: eventLoop)
        return flight.hasRoom { [eventLoop] in
            eventLoop.execute {
                let (call, exchange) = bound.value
                if call.hasRoom() { exchange.resume() }
            }
        }
    }

    func end(_ error: UpstreamError?) {
        flight.cancellation.forgetAction()
        onEnd(outcome(error))
    }

    private func outcome(_ error: UpstreamError?) -> FlightOutcome {
        if let error {
            return .failed(flight.cancellation.isCancelled ? .cancelled : .upstream(error))
        }
        record()
        return .complete(
            recording?.finish(flight, isFramed: isFramed, store: store, now: clock.now())
                ?? .notAsked)
    }
}
