import AsyncHTTPClient
import NIOCore
import RepriseCore
import RepriseStorage

extension CachingProxy {
    /// The request as it goes upstream.
    func upstreamRequest(
        for head: RequestHead, upstream: Int, isCacheable: Bool, body: UpstreamRequest.Body
    ) -> UpstreamRequest {
        var url = configuration.upstreams[upstream].baseURL
        url += String(decoding: head.path, as: UTF8.self)
        if let query = head.query {
            url += "?" + String(decoding: query, as: UTF8.self)
        }
        return UpstreamRequest(
            url: url, method: String(decoding: head.method, as: UTF8.self),
            headers: HeaderPolicy.toUpstream(head.headers, cacheable: isCacheable), body: body)
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
            for: request.head, upstream: request.upstream, isCacheable: false, body: body)
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
        } else if case .stream = message.body {
            let message = PendingMessage(message)
            isLaunched = flights.launch { [self] in
                land(flight, await fetch(message, flight), nil)
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

    /// Makes the upstream call of a request that is in memory.
    ///
    /// - Parameter onEnd: Told how it ended, once.
    func call(
        _ message: UpstreamRequest, _ flight: Flight, _ recorder: FlightRecorder?,
        onEnd: @escaping @Sendable (FlightOutcome) -> Void
    ) {
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(message)
        } catch {
            onEnd(.failed(.upstream(UpstreamError(error))))
            return
        }
        UpstreamCall(
            flight, recorder, storingIn: store, clock: clock, on: flights.currentEventLoop
        ).send(request, by: upstream.client, onEnd: onEnd)
    }

    // MARK: Calls whose request is still coming

    /// Reads the response until its end, or until nobody wants it any more.
    private func fetch(_ message: PendingMessage, _ flight: Flight) async -> FlightOutcome {
        await flight.cancellation.whileCancellable {
            do {
                try await receive(message, flight)
                return .complete(.notAsked)
            } catch {
                if Task.isCancelled { return .failed(.cancelled) }
                return .failed(error as? FlightFailure ?? .upstream(UpstreamError(error)))
            }
        }
    }

    private func receive(_ message: PendingMessage, _ flight: Flight) async throws {
        let response: UpstreamClient.Response
        do throws(UpstreamError) {
            response = try await upstream.send(message.take())
        } catch {
            throw FlightFailure.upstream(error)
        }
        flight.receive(head: response.head)
        for try await chunk in response.body where chunk.readableBytes > 0 {
            if !flight.receive(chunk) { try await flight.waitForRoom() }
        }
    }
}
