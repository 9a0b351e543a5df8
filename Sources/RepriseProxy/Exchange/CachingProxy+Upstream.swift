import AsyncHTTPClient
import NIOCore
import RepriseCore
import RepriseStorage

extension CachingProxy {
    /// The request as it goes upstream.
    func upstreamRequest(
        for request: ProxyRequest, isCacheable: Bool, body: UpstreamRequest.Body
    ) -> UpstreamRequest {
        let head = request.head
        var url = configuration.upstreams[request.upstream].baseURL
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
        let message = upstreamRequest(for: passThrough.request, isCacheable: false, body: body)
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
    ///   - recorder: Stores the response; nil when it is not to be stored.
    ///   - turn: Waits for the flight's turn among the servers that share the store; nil when it
    ///     does not wait.
    func launch(
        _ flight: Flight, _ message: UpstreamRequest, recorder: FlightRecorder?,
        turn: CallTurn? = nil
    ) {
        let message = PendingMessage(message)
        let isLaunched = flights.launch { [self] in
            if let turn {
                await fetch(message, flight, recorder, in: turn)
            } else {
                land(flight, await fetch(message, flight, recorder), recorder)
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

    /// Reads the response until its end, or until nobody wants it any more.
    func fetch(
        _ message: PendingMessage, _ flight: Flight, _ recorder: FlightRecorder?
    ) async -> FlightOutcome {
        await flight.cancellation.whileCancellable {
            do {
                return .complete(try await receive(message, flight, recorder))
            } catch {
                if Task.isCancelled { return .failed(.cancelled) }
                return .failed(error as? FlightFailure ?? .upstream(UpstreamError(error)))
            }
        }
    }

    /// Sends the request and waits for the head of the response.
    ///
    /// In a task of its own, which ends when the head is there: a task keeps the deepest stack it
    /// ever had, and the HTTP client's would stay for as long as the response lasts.
    private func send(_ message: PendingMessage) async throws -> UpstreamClient.Response {
        try await withThrowingTaskGroup(of: UpstreamClient.Response.self) { [upstream] group in
            group.addTask {
                do throws(UpstreamError) {
                    return try await upstream.send(message.take())
                } catch {
                    throw FlightFailure.upstream(error)
                }
            }
            guard let response = try await group.next() else { throw FlightFailure.cancelled }
            return response
        }
    }

    private func receive(
        _ message: PendingMessage, _ flight: Flight, _ recorder: FlightRecorder?
    ) async throws -> StoringResult {
        let response = try await send(message)
        flight.receive(head: response.head)
        let recording = recorder?.recording(of: response.head)
        if recording?.isWorthFinishing != true || flight.storing == nil {
            flight.stopKeepingAlone()
        }
        for try await chunk in response.body where chunk.readableBytes > 0 {
            if flight.receive(chunk) {
                recording?.consume(chunk)
            } else {
                flight.stopKeepingAlone()
                try await flight.waitForRoom()
            }
        }
        guard let recording else { return .notAsked }
        return recording.finish(flight, isFramed: response.isFramed, store: store, now: clock.now())
    }
}
