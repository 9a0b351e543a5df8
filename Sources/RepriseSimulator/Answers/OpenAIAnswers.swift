/// Answers in the forms of the OpenAI API.
struct OpenAIAnswers {
    /// What was asked.
    let question: Question

    /// How long one event of a stream takes.
    let pace: Duration

    /// The model named in the answer.
    var model: String {
        question.model ?? "simulated"
    }

    /// The fields that the real API sends besides the content type.
    ///
    /// `Date` is long past on purpose: a cache that replays it gives itself away.
    var headers: HeaderList {
        [
            ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("server", "cloudflare"),
            ("x-request-id", question.hexID("req_")),
            ("openai-version", "2020-10-01"),
            ("openai-organization", "org-simulated"),
            ("openai-project", "proj_simulated"),
            ("openai-processing-ms", "\(100 + question.request.arrival % 400)"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", "\(10_000 - question.request.arrival % 10_000)"),
            ("x-ratelimit-remaining-tokens", "1999900"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-reset-tokens", "3ms"),
            ("access-control-expose-headers", "X-Request-ID"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("cf-cache-status", "DYNAMIC"),
            ("cf-ray", question.hexID("", length: 16) + "-SIM"),
            (
                "set-cookie",
                "__cf_bm=\(question.id("", length: 43)); path=/; domain=.api.openai.com; "
                    + "HttpOnly; Secure; SameSite=None"
            ),
            ("alt-svc", "h3=\":443\"; ma=86400"),
        ]
    }

    /// A document with all of the API's fields.
    func json(_ value: JSONValue) -> SimulatedResponse {
        .json(value.text, headers: headers)
    }

    /// An error with all of the API's fields.
    func error(status: Int, message: String, code: String? = nil) -> SimulatedResponse {
        .error(status: status, message: message, code: code, headers: headers)
    }

    /// An event stream whose events are named by their `type` member.
    func namedEvents(_ values: [JSONValue]) -> SimulatedResponse {
        .eventStream(values.map(\.namedEvent), headers: headers, pace: pace)
    }

    /// An event stream of unnamed events that `[DONE]` ends.
    func doneEvents(_ values: [JSONValue]) -> SimulatedResponse {
        .eventStream(
            values.map { "data: \($0.text)\n\n" } + ["data: [DONE]\n\n"],
            headers: headers, pace: pace)
    }

    /// The `usage` of the chat and completions APIs.
    func usage(outputTokens: Int) -> JSONValue {
        let input = question.promptTokens
        return [
            "prompt_tokens": .integer(input),
            "completion_tokens": .integer(outputTokens),
            "total_tokens": .integer(input + outputTokens),
            "prompt_tokens_details": ["cached_tokens": 0, "audio_tokens": 0],
            "completion_tokens_details": [
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            ],
        ]
    }
}

extension JSONValue {
    /// The document as an event named by its own `type` member.
    var namedEvent: String {
        "event: \(self["type"]?.stringValue ?? "message")\ndata: \(text)\n\n"
    }
}
