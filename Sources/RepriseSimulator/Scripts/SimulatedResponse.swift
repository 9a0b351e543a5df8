/// A scripted response: what is written to the wire, step by step.
///
/// A list that runs out without ``Step/end(trailers:)``, ``Step/cut``, ``Step/reset`` or
/// ``Step/hang`` ends as if ``Step/end(trailers:)`` stood there.
public struct SimulatedResponse: Sendable {
    /// How the length of the body is told (RFC 9112 §6).
    public enum Framing: Sendable, Equatable {
        /// A `Content-Length` field with this number, whether or not the body keeps to it.
        case contentLength(Int)
        /// `Transfer-Encoding: chunked`; each ``Step/bytes(_:)`` is one chunk.
        case chunked
        /// No length: the body ends with the connection.
        case untilClose
        /// No field is added and no byte is framed: the script writes all of it itself.
        case verbatim
    }

    /// One thing to do on the connection.
    public enum Step: Sendable {
        /// An interim response such as 100 or 103 (RFC 9110 §15.2).
        case informational(status: Int, headers: HeaderList = [])
        /// The status line and the fields; the framing's own field is added after them.
        case head(status: Int, headers: HeaderList, framing: Framing)
        /// A piece of the body, framed as the head said, flushed at once.
        case bytes([UInt8])
        /// The same piece of the body `times` times, as fast as the peer reads and no faster.
        case flood([UInt8], times: Int)
        /// Bytes that go out as they are, outside of all framing.
        case raw([UInt8])
        /// Waits for the gate.
        case pause(Gate)
        /// Waits for a time: for demonstrations, not for tests.
        case delay(Duration)
        /// A clean end. Trailers go out only when the framing is chunked.
        case end(trailers: HeaderList = [])
        /// Closes the connection (FIN) once what was written is sent, with no end of the body.
        case cut
        /// Resets the connection (RST) once what was written is sent.
        case reset
        /// Does nothing more until the peer closes the connection.
        case hang
    }

    /// The steps, in order.
    public var steps: [Step]

    /// Creates a response of these steps.
    public init(_ steps: [Step]) {
        self.steps = steps
    }
}

extension SimulatedResponse {
    /// A whole body with its `Content-Length`.
    public static func body(
        _ body: [UInt8], contentType: String, status: Int = 200, headers: HeaderList = []
    ) -> SimulatedResponse {
        SimulatedResponse([
            .head(
                status: status, headers: [("content-type", contentType)] + headers,
                framing: .contentLength(body.count)),
            .bytes(body),
            .end(),
        ])
    }

    /// A JSON document with its `Content-Length`.
    public static func json(
        _ text: String, status: Int = 200, headers: HeaderList = []
    ) -> SimulatedResponse {
        body(Array(text.utf8), contentType: "application/json", status: status, headers: headers)
    }

    /// A chunked `text/event-stream`, one chunk for each event.
    ///
    /// - Parameters:
    ///   - events: The text of each event, its blank line included.
    ///   - pace: How long to wait between one event and the next; zero waits not at all.
    public static func eventStream(
        _ events: [String], status: Int = 200, headers: HeaderList = [], pace: Duration = .zero
    ) -> SimulatedResponse {
        var steps: [Step] = [
            .head(
                status: status,
                headers: [("content-type", "text/event-stream; charset=utf-8")] + headers,
                framing: .chunked)
        ]
        for (index, event) in events.enumerated() {
            if index > 0, pace > .zero {
                steps.append(.delay(pace))
            }
            steps.append(.bytes(Array(event.utf8)))
        }
        return SimulatedResponse(steps + [.end()])
    }

    /// An error in the shape of the OpenAI API.
    public static func error(
        status: Int, message: String, type: String = "invalid_request_error",
        parameter: String? = nil, code: String? = nil, headers: HeaderList = []
    ) -> SimulatedResponse {
        let error: JSONValue = [
            "message": .string(message),
            "type": .string(type),
            "param": .optional(parameter),
            "code": .optional(code),
        ]
        return json(
            (["error": error] as JSONValue).text, status: status, headers: headers)
    }

    /// A 429 that says when to come again, as the official SDKs read it.
    ///
    /// - Parameters:
    ///   - retryAfterMilliseconds: The value of `retry-after-ms`; `retry-after` is in whole seconds.
    ///   - shouldRetry: The value of `x-should-retry`; nil leaves the field out.
    public static func rateLimited(
        retryAfterMilliseconds: Int = 1, shouldRetry: Bool? = nil
    ) -> SimulatedResponse {
        var headers: HeaderList = [
            ("retry-after-ms", String(retryAfterMilliseconds)),
            ("retry-after", String((retryAfterMilliseconds + 999) / 1000)),
        ]
        if let shouldRetry {
            headers.append(("x-should-retry", String(shouldRetry)))
        }
        return error(
            status: 429, message: "Rate limit reached in the simulator.", type: "requests",
            code: "rate_limit_exceeded", headers: headers)
    }

    /// No byte at all until the peer gives up.
    public static let silence = SimulatedResponse([.hang])
}

extension SimulatedResponse {
    /// The same response, held back before its first byte until `gate` opens.
    public func gated(by gate: Gate) -> SimulatedResponse {
        SimulatedResponse([.pause(gate)] + steps)
    }

    /// The same response, held back once `pieces` pieces of its body are written.
    public func gated(by gate: Gate, afterPieces pieces: Int) -> SimulatedResponse {
        let index = index(afterPieces: pieces)
        return SimulatedResponse(steps[..<index] + [.pause(gate)] + steps[index...])
    }

    /// The same response, whose first byte comes after `duration`: for demonstrations.
    public func delayed(by duration: Duration) -> SimulatedResponse {
        SimulatedResponse([.delay(duration)] + steps)
    }

    /// The same response up to `pieces` pieces of its body, then `step` instead of the rest.
    ///
    /// - Parameter step: Usually ``Step/cut``, ``Step/reset`` or ``Step/hang``.
    public func broken(afterPieces pieces: Int, by step: Step = .cut) -> SimulatedResponse {
        SimulatedResponse(steps[..<index(afterPieces: pieces)] + [step])
    }

    /// The index behind the `pieces`-th body piece; the end when there are fewer.
    private func index(afterPieces pieces: Int) -> Int {
        var seen = 0
        var index = 0
        while index < steps.count {
            switch steps[index] {
            case .bytes, .flood:
                if seen == pieces { return index }
                seen += 1
            case .end, .cut, .reset, .hang:
                return index
            case .informational, .head, .raw, .pause, .delay:
                break
            }
            index += 1
        }
        return index
    }
}
