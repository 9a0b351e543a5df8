/// Answers of the stateful part of the API, which holds no state here: every id exists.
struct OpenAIResources {
    /// What was asked.
    let question: Question

    private var answers: OpenAIAnswers {
        OpenAIAnswers(question: question, pace: .zero)
    }

    /// `GET` and `DELETE` of the known resources; a 404 for all else.
    func answer() -> SimulatedResponse {
        let request = question.request
        let segments = request.path.split(separator: "/").map(String.init)
        let id = segments.last ?? ""
        let collection = segments.dropLast().last ?? ""
        switch (request.method, collection, id) {
        case ("GET", _, "models"), ("HEAD", _, "models"):
            return request.header("anthropic-version") == nil
                ? modelList() : AnthropicAnswers(question: question, pace: .zero).modelList()
        case ("GET", "models", _):
            return answers.json(modelDocument(id))
        case ("GET", _, "files"):
            return answers.json(
                [
                    "object": "list",
                    "data": .array([fileDocument(id: "file-simulated", size: 1)]),
                    "has_more": false,
                ])
        case ("GET", "files", _):
            return answers.json(fileDocument(id: id, size: 1))
        case ("GET", "responses", _):
            return answers.response(id: id)
        case ("DELETE", "models", _), ("DELETE", "files", _), ("DELETE", "responses", _):
            let kinds = ["models": "model", "files": "file", "responses": "response"]
            return answers.json(
                ["id": .string(id), "object": .optional(kinds[collection]), "deleted": true])
        default:
            return answers.error(
                status: 404, message: "Invalid URL (\(request.method) \(request.path))")
        }
    }

    /// `POST /files`: tells how many bytes the whole multipart body has, so that a test can see
    /// that it came through.
    func uploadedFile() -> SimulatedResponse {
        answers.json(
            fileDocument(id: question.id("file-", length: 22), size: question.request.body.count))
    }

    /// `POST /audio/transcriptions` and `/audio/translations`.
    func transcription() -> SimulatedResponse {
        answers.json(
            ["text": .string("Simulated transcript of \(question.request.body.count) bytes.")])
    }

    private func modelList() -> SimulatedResponse {
        let models = ["gpt-simulated", "gpt-simulated-mini", "text-embedding-simulated"]
        return answers.json(
            ["object": "list", "data": .array(models.map(modelDocument))])
    }

    private func modelDocument(_ id: String) -> JSONValue {
        [
            "id": .string(id),
            "object": "model",
            "created": .integer(1_767_225_600),
            "owned_by": "simulator",
        ]
    }

    private func fileDocument(id: String, size: Int) -> JSONValue {
        [
            "id": .string(id),
            "object": "file",
            "bytes": .integer(size),
            "created_at": .integer(question.created),
            "filename": "upload.jsonl",
            "purpose": "batch",
            "status": "processed",
            "expires_at": .null,
            "status_details": .null,
        ]
    }
}
