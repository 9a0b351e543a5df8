import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import RepriseCore
import RepriseStorage

/// One upstream call whose request is in memory: gives a flight what comes of it, on one event loop
/// and without a task.
final class UpstreamCall: HTTPClientResponseDelegate {
    typealias Response = Void

    private let flight: Flight
    private let recorder: FlightRecorder?
    private let store: TieredStore
    private let clock: WallClock
    private let eventLoop: any EventLoop
    private let progress: NIOLoopBoundBox<Progress>

    /// What is known of the response so far.
    private struct Progress {
        var recording: FlightRecording?
        var isFramed = false
    }

    /// Makes a call that is not sent yet.
    ///
    /// - Parameters:
    ///   - recorder: Records the response; nil when it is not to be stored.
    ///   - store: Where a whole response is stored before its end is told.
    ///   - clock: Tells when that was.
    ///   - eventLoop: Where the call runs, its connection included.
    init(
        _ flight: Flight, _ recorder: FlightRecorder?, storingIn store: TieredStore,
        clock: WallClock, on eventLoop: any EventLoop
    ) {
        self.flight = flight
        self.recorder = recorder
        self.store = store
        self.clock = clock
        self.eventLoop = eventLoop
        progress = .makeBoxSendingValue(Progress(), eventLoop: eventLoop)
    }

    /// Sends the request.
    ///
    /// - Parameter onEnd: Told on the event loop how the call ended, once.
    func send(
        _ request: HTTPClient.Request, by client: HTTPClient,
        onEnd: @escaping @Sendable (FlightOutcome) -> Void
    ) {
        // Call and connection on one loop: between two, the client may give back a connection that
        // has been closed meanwhile, when an answer comes before its request was sent whole, and
        // then it traps.
        let task = client.execute(
            request: request, delegate: self, eventLoop: .delegateAndChannel(on: eventLoop))
        flight.cancellation.onCancel { task.cancel() }
        task.futureResult.whenComplete { [self] result in
            flight.cancellation.forgetAction()
            onEnd(outcome(of: result))
        }
    }

    private func outcome(of result: Result<Void, any Error>) -> FlightOutcome {
        switch result {
        case .success:
            let progress = progress.value
            return .complete(
                progress.recording?.finish(
                    flight, isFramed: progress.isFramed, store: store, now: clock.now())
                    ?? .notAsked)
        case .failure(let error):
            let isCancelled = flight.cancellation.isCancelled
            return .failed(isCancelled ? .cancelled : .upstream(UpstreamError(error)))
        }
    }

    // MARK: What the client tells

    func didReceiveHead(
        task: HTTPClient.Task<Void>, _ head: HTTPResponseHead
    ) -> EventLoopFuture<Void> {
        let isHTTP2 = head.version.major >= 2
        let head = ResponseHead(status: head.status, headers: head.headers)
        flight.receive(head: head)
        let recording = recorder?.recording(of: head)
        progress.value = Progress(
            recording: recording, isFramed: isHTTP2 || head.delimitsItsBody)
        if recording?.isWorthFinishing != true || flight.storing == nil {
            flight.stopKeepingAlone()
        }
        return eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(
        task: HTTPClient.Task<Void>, _ buffer: ByteBuffer
    ) -> EventLoopFuture<Void> {
        guard buffer.readableBytes > 0 else { return eventLoop.makeSucceededVoidFuture() }
        if flight.receive(buffer) {
            progress.value.recording?.consume(buffer)
            return eventLoop.makeSucceededVoidFuture()
        }
        flight.stopKeepingAlone()
        let room = eventLoop.makePromise(of: Void.self)
        Self.waitForRoom(in: flight, room)
        return room.futureResult
    }

    private static func waitForRoom(in flight: Flight, _ room: EventLoopPromise<Void>) {
        if flight.hasRoom(orElse: { waitForRoom(in: flight, room) }) { room.succeed() }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}
}
