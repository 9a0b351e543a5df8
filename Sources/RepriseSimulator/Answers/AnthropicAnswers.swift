/// Answers in the forms of the Anthropic API.
struct AnthropicAnswers {
    /// What was asked.
    let question: Question

    /// How long one event of a stream takes.
    let pace: Duration

    private var requestID: String {
        question.id("req_", length: 24)
    }

    private var headers: HeaderList {
        [
            ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("server", "cloudflare"),
            ("request-id", requestID),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:01Z"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("cf-cache-status", "DYNAMIC"),
            ("cf-ray", question.hexID("", length: 16) + "-SIM"),
            (
                "set-cookie",
                "_cfuvid=\(question.id("", length: 43)); path=/; HttpOnly; Secure; SameSite=None"
            ),
        ]
    }

    /// A 400 in the API's error shape.
    func invalid(_ message: String) -> SimulatedResponse {
        let error: JSONValue = ["type": "invalid_request_error", "message": .string(message)]
        return .json(
            ([
                "type": "error",
                "error": error,
                "request_id": .string(requestID),
            ] as JSONValue).text, status: 400, headers: headers)
    }

    /// `POST /v1/messages`.
    func message() -> SimulatedResponse {
        let (pieces, isCut) = question.pieces(limitedBy: ["max_tokens"])
        let reason: JSONValue = .string(isCut ? "max_tokens" : "end_turn")
        guard question.wantsStream else {
            let block: JSONValue = ["type": "text", "text": .string(pieces.joined())]
            return .json(
                document(content: [block], stopReason: reason, outputTokens: pieces.count).text,
                headers: headers)
        }
        return .eventStream(
            events(pieces, stopReason: reason).map(\.namedEvent), headers: headers, pace: pace)
    }

    /// `POST /v1/messages/count_tokens`.
    func tokenCount() -> SimulatedResponse {
        .json(
            (["input_tokens": .integer(question.promptTokens)] as JSONValue).text,
            headers: headers)
    }

    /// `GET /v1/models`.
    func modelList() -> SimulatedResponse {
        let model: JSONValue = [
            "type": "model",
            "id": "claude-simulated",
            "display_name": "Simulated",
            "lifecycle": "active",
            "created_at": "2026-01-01T00:00:00Z",
        ]
        return .json(
            ([
                "data": .array([model]),
                "has_more": false,
                "first_id": "claude-simulated",
                "last_id": "claude-simulated",
            ] as JSONValue).text, headers: headers)
    }

    private func document(
        content: [JSONValue], stopReason: JSONValue, outputTokens: Int
    ) -> JSONValue {
        [
            "id": .string(question.id("msg_01", length: 22)),
            "type": "message",
            "role": "assistant",
            "model": .optional(question.model),
            "content": .array(content),
            "stop_reason": stopReason,
            "stop_sequence": .null,
            "usage": [
                "input_tokens": .integer(question.promptTokens),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": .integer(outputTokens),
                "service_tier": "standard",
            ],
        ]
    }

    private func events(_ pieces: [String], stopReason: JSONValue) -> [JSONValue] {
        func event(_ type: String, _ members: [(String, JSONValue)] = []) -> JSONValue {
            .object([("type", .string(type))] + members)
        }
        let index: (String, JSONValue) = ("index", 0)
        let empty: JSONValue = ["type": "text", "text": ""]
        let deltas = pieces.map { piece in
            event(
                "content_block_delta",
                [
                    index,
                    (
                        "delta",
                        ["type": "text_delta", "text": .string(piece)]
                    ),
                ])
        }
        let start = document(content: [], stopReason: .null, outputTokens: 1)
        let stop: JSONValue = ["stop_reason": stopReason, "stop_sequence": .null]
        return [
            event("message_start", [("message", start)]),
            event("content_block_start", [index, ("content_block", empty)]),
            event("ping"),
        ] + deltas + [
            event("content_block_stop", [index]),
            event(
                "message_delta",
                [
                    ("delta", stop),
                    (
                        "usage",
                        ["output_tokens": .integer(pieces.count)]
                    ),
                ]),
            event("message_stop"),
        ]
    }
}
