import NIOCore
import RepriseCore
import RepriseStorage

extension CachingProxy {
    /// The request as it goes upstream.
    func upstreamRequest(
        for head: RequestHead, _ headers: ForwardedHeaders, upstream: Int,
        body: UpstreamRequest.Body
    ) -> UpstreamRequest {
        UpstreamRequest(
            upstream: upstream, method: head.method, path: head.path, query: head.query,
            headers: headers, body: body)
    }

    /// Starts the upstream call of a request that is not cached.
    ///
    /// - Parameter body: The request's body, nil when it has none.
    public func launch(_ passThrough: PassThrough, body: RequestBodyStream?) -> Forward {
        launch(
            passThrough,
            body.map { .stream($0, length: passThrough.request.declaredLength) } ?? .none)
    }

    func launch(_ passThrough: PassThrough, _ body: UpstreamRequest.Body) -> Forward {
        let flight = Flight(retention: 0, keepsGoingAlone: false)
        let reader = FlightReader(leading: flight)
        let request = passThrough.request
        let message = upstreamRequest(
            for: request.head,
            .fields(HeaderPolicy.toUpstream(request.head.headers, cacheable: false)),
            upstream: request.upstream, body: body)
        launch(flight, message, recorder: nil)
        let isMethod = passThrough.reason == .method
        let cause =
            isMethod
            ? Forward.Cause(reason: .method)
            : Forward.Cause(reason: .bypass, detail: .bypass(passThrough.reason))
        return Forward(reader: reader, cause: cause, mayStore: false, isCollapsed: false)
    }

    /// Starts an upstream call.
    ///
    /// - Parameters:
    ///   - recorder: Records the response; nil when it is not to be stored.
    ///   - turn: Waits for the flight's turn among the servers that share the store; nil when it
    ///     does not wait.
    func launch(
        _ flight: Flight, _ message: UpstreamRequest, recorder: FlightRecorder?,
        turn: CallTurn? = nil
    ) {
        let isLaunched: Bool
        if let turn {
            let message = PendingMessage(message)
            isLaunched = flights.launch { [self] in
                await fetch(message, flight, recorder, in: turn)
            }
        } else {
            isLaunched = flights.begin(flight)
            if isLaunched {
                call(message, flight, recorder) { [self] outcome in
                    land(flight, outcome, recorder)
                    flights.end(flight)
                }
            }
        }
        if !isLaunched { land(flight, .failed(.cancelled), recorder) }
    }

    /// Ends a flight.
    func land(_ flight: Flight, _ outcome: FlightOutcome, _ recorder: FlightRecorder?) {
        // Out of the collapser before readers see the end: who asks after that finds either the
        // entry or nothing, never a call that is over.
        if let recorder { collapser.remove(recorder.key, flight) }
        flight.finish(outcome)
    }

    /// Makes an upstream call.
    ///
    /// - Parameter onEnd: Told how it ended, once.
    func call(
        _ message: UpstreamRequest, _ flight: Flight, _ recorder: FlightRecorder?,
        onEnd: @escaping @Sendable (FlightOutcome) -> Void
    ) {
        let eventLoop = flights.currentEventLoop
        guard eventLoop.inEventLoop else {
            return eventLoop.execute { [self] in
                call(message, flight, recorder, on: eventLoop, onEnd: onEnd)
            }
        }
        call(message, flight, recorder, on: eventLoop, onEnd: onEnd)
    }

    private func call(
        _ message: UpstreamRequest, _ flight: Flight, _ recorder: FlightRecorder?,
        on eventLoop: any EventLoop, onEnd: @escaping @Sendable (FlightOutcome) -> Void
    ) {
        UpstreamCall(
            flight, recorder, storingIn: store, clock: clock, on: eventLoop, onEnd: onEnd
        ).send(message, by: upstream)
    }
}
