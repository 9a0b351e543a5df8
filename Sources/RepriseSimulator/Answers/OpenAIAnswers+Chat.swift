extension OpenAIAnswers {
    private var choiceCount: Int {
        min(max(question.document["n"]?.integerValue ?? 1, 1), 128)
    }

    /// `POST /chat/completions`.
    func chatCompletion() -> SimulatedResponse {
        let (pieces, isCut) = question.pieces(
            limitedBy: ["max_tokens", "max_completion_tokens"])
        let reason: JSONValue = .string(isCut ? "length" : "stop")
        let usage = usage(outputTokens: pieces.count * choiceCount)
        if question.wantsStream {
            return chatStream(pieces, finishReason: reason, usage: usage)
        }
        let choices: [JSONValue] = (0..<choiceCount).map { index in
            [
                "index": .integer(index),
                "message": [
                    "role": "assistant",
                    "content": .string(pieces.joined()),
                    "refusal": .null,
                    "annotations": [],
                ],
                "logprobs": .null,
                "finish_reason": reason,
            ]
        }
        return json(
            [
                "id": .string(question.id("chatcmpl-")),
                "object": "chat.completion",
                "created": .integer(question.created),
                "model": .string(model),
                "choices": .array(choices),
                "usage": usage,
                "service_tier": "default",
                "system_fingerprint": "fp_simulated",
            ])
    }

    private func chatStream(
        _ pieces: [String], finishReason: JSONValue, usage: JSONValue
    ) -> SimulatedResponse {
        let wantsUsage = question.document["stream_options"]?["include_usage"]?.isTrue ?? false
        func chunk(_ choices: [JSONValue], usage: JSONValue = .null) -> JSONValue {
            .object(
                [
                    ("id", .string(question.id("chatcmpl-"))),
                    ("object", "chat.completion.chunk"),
                    ("created", .integer(question.created)), ("model", .string(model)),
                    ("service_tier", "default"),
                    ("system_fingerprint", "fp_simulated"),
                    ("choices", .array(choices)),
                ] + (wantsUsage ? [("usage", usage)] : []))
        }
        func choice(_ index: Int, _ delta: JSONValue, _ reason: JSONValue = .null) -> JSONValue {
            ["index": .integer(index), "delta": delta, "logprobs": .null, "finish_reason": reason]
        }
        var events: [JSONValue] = []
        for index in 0..<choiceCount {
            let opening: JSONValue = ["role": "assistant", "content": "", "refusal": .null]
            events.append(chunk([choice(index, opening)]))
            for piece in pieces {
                events.append(chunk([choice(index, ["content": .string(piece)])]))
            }
            events.append(chunk([choice(index, [:], finishReason)]))
        }
        if wantsUsage {
            events.append(chunk([], usage: usage))
        }
        return doneEvents(events)
    }

    /// `POST /completions`.
    func completion() -> SimulatedResponse {
        let (pieces, isCut) = question.pieces(limitedBy: ["max_tokens"])
        let reason: JSONValue = .string(isCut ? "length" : "stop")
        func document(_ text: String?, _ reason: JSONValue, usage: JSONValue?) -> JSONValue {
            let choices: [JSONValue] = (0..<choiceCount).compactMap { index in
                guard let text else { return nil }
                return [
                    "text": .string(text),
                    "index": .integer(index),
                    "logprobs": .null,
                    "finish_reason": reason,
                ]
            }
            return .object(
                [
                    ("id", .string(question.id("cmpl-"))), ("object", "text_completion"),
                    ("created", .integer(question.created)), ("model", .string(model)),
                    ("choices", .array(choices)),
                ] + (usage.map { [("usage", $0)] } ?? []))
        }
        let usage = usage(outputTokens: pieces.count * choiceCount)
        guard question.wantsStream else {
            return json(document(pieces.joined(), reason, usage: usage))
        }
        let wantsUsage = question.document["stream_options"]?["include_usage"]?.isTrue ?? false
        let noUsage: JSONValue? = wantsUsage ? .null : nil
        var events = pieces.map { document($0, .null, usage: noUsage) }
        events.append(document("", reason, usage: noUsage))
        if wantsUsage {
            events.append(document(nil, reason, usage: usage))
        }
        return doneEvents(events)
    }
}
