import RepriseSimulator
import Testing

/// Which whole responses are stored, as the wire shows it: the second request hits or not.
@Suite(.timeLimit(.minutes(5)))
struct StoringRuleTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let response: SimulatedResponse
        var extra = ""
        var path = "/v1/chat/completions"
        let isStored: Bool
    }

    private static func chunk(_ reason: String) -> String {
        #"data: {"choices":[{"index":0,"delta":{},"finish_reason":\#(reason)}]}"# + "\n\n"
    }

    private static func stream(_ reason: String) -> SimulatedResponse {
        .eventStream([chunk("null"), chunk(reason), done])
    }

    private static func answer(_ reason: String) -> SimulatedResponse {
        .json(
            #"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":\#(reason)}]}"#)
    }

    private static let done = "data: [DONE]\n\n"
    private static let limit = #","max_completion_tokens":5"#

    static let cases: [Case] = [
        Case(testDescription: "stop", response: stream(#""stop""#), isStored: true),
        Case(testDescription: "tool_calls", response: stream(#""tool_calls""#), isStored: true),
        Case(testDescription: "length", response: stream(#""length""#), isStored: false),
        Case(
            testDescription: "length that was asked for", response: stream(#""length""#),
            extra: limit, isStored: true),
        Case(
            testDescription: "content_filter", response: stream(#""content_filter""#),
            isStored: false),
        Case(testDescription: "no finish reason", response: stream("null"), isStored: false),
        Case(
            testDescription: "no [DONE]",
            response: .eventStream([chunk("null"), chunk(#""stop""#)]), isStored: false),
        Case(
            testDescription: "an error event",
            response: .eventStream([
                chunk("null"), "event: error\ndata: {\"message\":\"x\"}\n\n", chunk(#""stop""#),
                done,
            ]), isStored: false),
        Case(
            testDescription: "an error in the data",
            response: .eventStream([
                chunk(#""stop""#), "data: {\"error\":{\"message\":\"x\"}}\n\n", done,
            ]), isStored: false),
        Case(
            testDescription: "data that is not JSON",
            response: .eventStream(["data: {\"a\n\n", chunk(#""stop""#), done]), isStored: false),
        Case(
            testDescription: "JSON with length", response: answer(#""length""#), isStored: false),
        Case(
            testDescription: "JSON with length that was asked for", response: answer(#""length""#),
            extra: limit, isStored: true),
        Case(
            testDescription: "JSON with an error",
            response: .json(#"{"error":{"message":"x"}}"#), isStored: false),
        Case(
            testDescription: "JSON that is not whole", response: .json(#"{"choices":["#),
            isStored: false),
        Case(
            testDescription: "a content encoding",
            response: .json(Chat.answer("a"), headers: [("content-encoding", "br")]),
            isStored: false),
        Case(
            testDescription: "Vary: *", response: .json(Chat.answer("a"), headers: [("vary", "*")]),
            isStored: false),
        Case(
            testDescription: "a response in progress", response: .json(#"{"status":"queued"}"#),
            path: "/v1/responses", isStored: false),
        Case(
            testDescription: "a response that failed",
            response: .eventStream([
                "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{}}\n\n"
            ]), path: "/v1/responses", isStored: false),
        Case(
            testDescription: "an image's URL",
            response: .json(#"{"created":1,"data":[{"url":"https://example.com/x.png"}]}"#),
            path: "/v1/images/generations", isStored: false),
    ]

    @Test(arguments: cases)
    func responseIsStoredOnlyWhenItIsProvenComplete(_ example: Case) async throws {
        try await SimulatedUpstream.run(.always(example.response)) { upstream in
            try await RunningProxy.with(upstream: upstream.origin) { proxy in
                let body = #"{"model":"m","prompt":"p","input":"i","messages":[]\#(example.extra)}"#
                let first = try await proxy.post(body, to: example.path)
                let second = try await proxy.post(body, to: example.path)
                #expect(first.status == 200)
                #expect(second.isHit == example.isStored)
                #expect(second.bytes == first.bytes)
                #expect(upstream.requestCount == (example.isStored ? 1 : 2))
            }
        }
    }
}
