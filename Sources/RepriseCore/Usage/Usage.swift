/// What a response cost, in tokens, as the upstream counted them.
public struct Usage: Equatable, Sendable {
    /// Tokens of the prompt. OpenAI counts those that it had cached in, Anthropic does not.
    public var inputTokens: Int64
    /// Tokens that the model wrote.
    public var outputTokens: Int64
    /// Tokens of the prompt that the upstream had cached itself, and charged less for.
    public var cachedInputTokens: Int64

    /// Makes a count from its parts.
    public init(inputTokens: Int64, outputTokens: Int64, cachedInputTokens: Int64 = 0) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.cachedInputTokens = cachedInputTokens
    }
}

/// The counts that one document or event names; later ones of a stream override earlier ones.
struct UsageCounts: Equatable {
    var input: Int64?
    var output: Int64?
    var cached: Int64?

    /// The counts as one usage; nil when nothing was counted.
    var usage: Usage? {
        if input == nil, output == nil { return nil }
        return Usage(
            inputTokens: input ?? 0, outputTokens: output ?? 0, cachedInputTokens: cached ?? 0)
    }

    /// Takes over what a later document names.
    mutating func merge(_ later: UsageCounts) {
        input = later.input ?? input
        output = later.output ?? output
        cached = later.cached ?? cached
    }

    /// Reads a `usage` object to its end, its opening bracket having been read.
    ///
    /// Chat and embeddings name prompt and completion tokens, Responses and Anthropic input and
    /// output tokens.
    mutating func read(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
            switch value {
            case .number(let number):
                guard let count = JSONText.integer(bytes, number), count >= 0 else { continue }
                if isNamed("prompt_tokens") || isNamed("input_tokens") { input = count }
                if isNamed("completion_tokens") || isNamed("output_tokens") { output = count }
                if isNamed("cache_read_input_tokens") { cached = count }
            case .beginObject
            where isNamed("prompt_tokens_details") || isNamed("input_tokens_details"):
                try readDetails(&reader, bytes)
            default:
                try reader.skipValue(bytes, after: value)
            }
        }
    }

    private mutating func readDetails(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            if case .number(let number) = value, JSONText.equals(bytes, name, "cached_tokens"),
                let count = JSONText.integer(bytes, number), count >= 0
            {
                cached = count
            }
            try reader.skipValue(bytes, after: value)
        }
    }
}
