/// An API endpoint whose answers may be cached; every other path is passed through.
public enum Endpoint: Equatable, Sendable, CaseIterable {
    /// `/chat/completions`
    case chatCompletions
    /// `/completions`
    case completions
    /// `/embeddings`
    case embeddings
    /// `/moderations`
    case moderations
    /// `/responses`
    case responses
    /// `/responses/input_tokens`
    case inputTokens
    /// `/audio/speech`
    case speech
    /// `/images/generations`
    case images
    /// Anthropic's `/messages`
    case messages
    /// Anthropic's `/messages/count_tokens`
    case countTokens

    /// The path below the API's version prefix, without its leading `/`.
    public var name: StaticString {
        switch self {
        case .chatCompletions: "chat/completions"
        case .completions: "completions"
        case .embeddings: "embeddings"
        case .moderations: "moderations"
        case .responses: "responses"
        case .inputTokens: "responses/input_tokens"
        case .speech: "audio/speech"
        case .images: "images/generations"
        case .messages: "messages"
        case .countTokens: "messages/count_tokens"
        }
    }

    /// Finds the endpoint that a path names.
    ///
    /// The path is compared byte for byte and never percent-decoded, so that an unusual spelling is
    /// passed through rather than taken for something it might not be upstream.
    ///
    /// - Parameter path: The path below the upstream's base, with its leading `/`. The endpoint may
    ///   stand directly below it, below `/v1`, `/openai/v1`, `/api/v1` or `/v1beta/openai`, or below
    ///   Azure's `/openai/deployments/{model}`.
    /// - Returns: The endpoint, nil when the path is not on the allowlist.
    public static func match(path: [UInt8]) -> Endpoint? {
        let start = startOfName(path)
        guard start < path.count, path[start] == UInt8(ascii: "/") else { return nil }
        let name = path.span.extracting(droppingFirst: start + 1)
        for endpoint in allCases where name.equals(endpoint.name) { return endpoint }
        return nil
    }

    /// Where the `/` before the endpoint's name stands.
    private static func startOfName(_ path: [UInt8]) -> Int {
        if path.starts(withLiteral: "/v1/") { return 3 }
        if path.starts(withLiteral: "/openai/v1/") { return 10 }
        if path.starts(withLiteral: "/api/v1/") { return 7 }
        if path.starts(withLiteral: "/v1beta/openai/") { return 14 }
        let deployments: StaticString = "/openai/deployments/"
        guard path.starts(withLiteral: deployments) else { return 0 }
        let model = deployments.utf8CodeUnitCount
        let end = path[model...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
        return end > model ? end : path.count
    }
}
