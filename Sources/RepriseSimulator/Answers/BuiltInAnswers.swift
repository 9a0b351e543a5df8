extension Script {
    /// The OpenAI and Anthropic APIs with made-up answers, good enough for the official SDKs.
    ///
    /// Paths are recognised by how they end, so any base path will do. `GET`, `POST` and `DELETE`
    /// of files, models and stored responses answer too. An unknown route is a 404 and a missing
    /// model a 400, as in the real API. No credential is asked for.
    ///
    /// - Parameters:
    ///   - latency: How long each answer takes to begin: for demonstrations.
    ///   - pace: How long one event of a stream takes: for demonstrations.
    public static func builtIn(latency: Duration = .zero, pace: Duration = .zero) -> Script {
        let answers = BuiltInAnswers(pace: pace)
        return Script { request in
            let response = answers.answer(request)
            return latency > .zero ? response.delayed(by: latency) : response
        }
    }
}

/// The routes of the simulated API.
struct BuiltInAnswers {
    /// How long one event of a stream takes.
    let pace: Duration

    /// The answer to any request.
    func answer(_ request: SimulatedRequest) -> SimulatedResponse {
        let question = Question(request)
        if request.method == "POST" {
            return post(question)
        }
        return OpenAIResources(question: question).answer()
    }

    private func post(_ question: Question) -> SimulatedResponse {
        let path = question.request.path
        if let answer = documentless(question, path: path) {
            return answer
        }
        let isAnthropic = path.hasSuffix("/messages") || path.hasSuffix("/messages/count_tokens")
        let openAI = OpenAIAnswers(question: question, pace: pace)
        let anthropic = AnthropicAnswers(question: question, pace: pace)
        guard case .object = question.document else {
            let message = "The body of the request could not be parsed as a JSON object."
            return isAnthropic
                ? anthropic.invalid(message) : openAI.error(status: 400, message: message)
        }
        let route = Self.routes.first { path.hasSuffix($0.suffix) }
        guard let route else {
            return openAI.error(status: 404, message: "Invalid URL (POST \(path))")
        }
        if route.needsModel, question.model == nil {
            return isAnthropic
                ? anthropic.invalid("model: Field required")
                : openAI.error(status: 400, message: "you must provide a model parameter")
        }
        return route.answer(openAI, anthropic)
    }

    /// Multipart uploads, which have no JSON body.
    private func documentless(_ question: Question, path: String) -> SimulatedResponse? {
        let resources = OpenAIResources(question: question)
        if path.hasSuffix("/files") {
            return resources.uploadedFile()
        }
        if path.hasSuffix("/audio/transcriptions") || path.hasSuffix("/audio/translations") {
            return resources.transcription()
        }
        return nil
    }

    private struct Route {
        let suffix: String
        let needsModel: Bool
        let answer: @Sendable (OpenAIAnswers, AnthropicAnswers) -> SimulatedResponse
    }

    // The longer suffix stands first: "/completions" ends "/chat/completions" too.
    private static let routes = [
        Route(suffix: "/chat/completions", needsModel: true) { openAI, _ in
            openAI.chatCompletion()
        },
        Route(suffix: "/completions", needsModel: true) { openAI, _ in openAI.completion() },
        Route(suffix: "/responses/input_tokens", needsModel: false) { openAI, _ in
            openAI.inputTokens()
        },
        Route(suffix: "/responses", needsModel: true) { openAI, _ in openAI.response() },
        Route(suffix: "/embeddings", needsModel: true) { openAI, _ in openAI.embeddings() },
        Route(suffix: "/moderations", needsModel: false) { openAI, _ in openAI.moderation() },
        Route(suffix: "/images/generations", needsModel: false) { openAI, _ in openAI.images() },
        Route(suffix: "/audio/speech", needsModel: true) { openAI, _ in openAI.speech() },
        Route(suffix: "/messages/count_tokens", needsModel: true) { _, anthropic in
            anthropic.tokenCount()
        },
        Route(suffix: "/messages", needsModel: true) { _, anthropic in anthropic.message() },
    ]
}
