extension OpenAIAnswers {
    /// `POST /responses`, and `GET /responses/{id}` when an id is given.
    ///
    /// - Parameter id: The id of the answer; nil makes up a new one.
    func response(id: String? = nil) -> SimulatedResponse {
        let (pieces, isCut) = question.pieces(limitedBy: ["max_output_tokens"])
        let id = id ?? question.hexID("resp_", length: 50)
        if question.document["background"]?.isTrue ?? false {
            return json(responseDocument(id: id, status: "queued"))
        }
        let final = responseDocument(
            id: id, status: isCut ? "incomplete" : "completed",
            item: messageItem(
                text: pieces.joined(), status: isCut ? "incomplete" : "completed"),
            outputTokens: pieces.count)
        return question.wantsStream
            ? responseStream(pieces, id: id, final: final, isCut: isCut) : json(final)
    }

    /// `POST /responses/input_tokens`.
    func inputTokens() -> SimulatedResponse {
        json(
            ["object": "response.input_tokens", "input_tokens": .integer(question.promptTokens)])
    }

    private func responseDocument(
        id: String, status: String, item: JSONValue? = nil, outputTokens: Int? = nil
    ) -> JSONValue {
        let reason: JSONValue =
            status == "incomplete"
            ? ["reason": "max_output_tokens"] : .null
        return [
            "id": .string(id),
            "object": "response",
            "created_at": .integer(question.created),
            "status": .string(status),
            "background": question.document["background"] ?? false,
            "completed_at": status == "completed" ? .integer(question.created + 1) : .null,
            "error": .null,
            "incomplete_details": reason,
            "instructions": question.document["instructions"] ?? .null,
            "max_output_tokens": question.document["max_output_tokens"] ?? .null,
            "model": .string(model),
            "output": .array(item.map { [$0] } ?? []),
            "parallel_tool_calls": true,
            "previous_response_id": question.document["previous_response_id"] ?? .null,
            "reasoning": ["effort": .null, "summary": .null],
            "service_tier": "default",
            "store": question.document["store"] ?? true,
            "temperature": .number(1),
            "text": ["format": ["type": "text"]],
            "tool_choice": "auto",
            "tools": [],
            "top_p": .number(1),
            "truncation": "disabled",
            "usage": outputTokens.map(responseUsage) ?? .null,
            "user": .null,
            "metadata": [:],
        ]
    }

    private func responseUsage(outputTokens: Int) -> JSONValue {
        [
            "input_tokens": .integer(question.promptTokens),
            "input_tokens_details": ["cached_tokens": 0, "cache_write_tokens": 0],
            "output_tokens": .integer(outputTokens),
            "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(question.promptTokens + outputTokens),
        ]
    }

    private var itemID: String {
        question.hexID("msg_", length: 50)
    }

    private func messageItem(text: String?, status: String) -> JSONValue {
        [
            "id": .string(itemID),
            "type": "message",
            "status": .string(status),
            "content": .array(text.map { [textPart($0)] } ?? []),
            "role": "assistant",
        ]
    }

    private func textPart(_ text: String) -> JSONValue {
        ["type": "output_text", "annotations": [], "logprobs": [], "text": .string(text)]
    }

    private func responseStream(
        _ pieces: [String], id: String, final: JSONValue, isCut: Bool
    ) -> SimulatedResponse {
        var events: [JSONValue] = []
        func add(_ type: String, _ members: [(String, JSONValue)]) {
            events.append(
                .object(
                    [("type", .string(type)), ("sequence_number", .integer(events.count))]
                        + members))
        }
        let output: (String, JSONValue) = ("output_index", 0)
        let place = [
            ("item_id", .string(itemID)), output, ("content_index", JSONValue.integer(0)),
        ]
        let started = responseDocument(id: id, status: "in_progress")
        let text = pieces.joined()
        add("response.created", [("response", started)])
        add("response.in_progress", [("response", started)])
        add(
            "response.output_item.added",
            [output, ("item", messageItem(text: nil, status: "in_progress"))])
        add("response.content_part.added", place + [("part", textPart(""))])
        for piece in pieces {
            add(
                "response.output_text.delta",
                place + [("delta", .string(piece)), ("logprobs", [])])
        }
        add(
            "response.output_text.done",
            place + [("text", .string(text)), ("logprobs", [])])
        add("response.content_part.done", place + [("part", textPart(text))])
        let status = isCut ? "incomplete" : "completed"
        add(
            "response.output_item.done",
            [output, ("item", messageItem(text: text, status: status))])
        add("response.\(status)", [("response", final)])
        return namedEvents(events)
    }
}
