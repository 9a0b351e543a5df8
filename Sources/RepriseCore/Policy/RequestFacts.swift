/// What the body of a request says that matters to the cache, read from its canonical form in one
/// pass over the top-level members.
struct RequestFacts: Equatable {
    /// The `model`; nil when it is absent, not a string, or longer than 256 bytes.
    var model: [UInt8]?
    /// Whether `stream` is true.
    var wantsStream = false
    /// Whether the client itself set a limit to the output's length, by a field that the endpoint
    /// knows.
    var limitsOutput = false
    /// The `n`; 1 when it is absent.
    var answerCount: Int64 = 1
    /// Whether `store` is true.
    var asksToStore = false
    /// What the request lets the upstream see of the live world.
    var tools = ToolFacts()
    /// Why the request can never be cached, whatever it is sent to.
    var obstacle: BypassReason?

    private let endpoint: Endpoint
    private static let longestModel = 256

    /// Reads a canonical document.
    ///
    /// - Returns: nil when it is not an object.
    /// - Throws: Nothing, for text that is canonical.
    init?(_ canonical: Span<UInt8>, endpoint: Endpoint) throws(JSONError) {
        self.endpoint = endpoint
        var reader = JSONTokenizer()
        let first = try reader.next(canonical)
        guard first == .beginObject else { return nil }
        while case .name(let name)? = try reader.next(canonical) {
            guard let value = try reader.next(canonical) else { return }
            try read(name, value, &reader, canonical)
        }
    }

    private mutating func read(
        _ name: Range<Int>, _ value: JSONToken, _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
        if value != .null, isNamed("conversation") { obstacle = .conversation }
        switch value {
        case .string(let text) where isNamed("model"):
            let model = JSONText.decoded(bytes, text)
            tools.note(model: model)
            if model.count <= Self.longestModel { self.model = model }
            return
        case .bool(true):
            if isNamed("stream") { wantsStream = true }
            if isNamed("store") { asksToStore = true }
            // Images have a `background` of their own, a string.
            if isNamed("background") { obstacle = .background }
        case .number(let number):
            if isNamed("n") { answerCount = JSONText.integer(bytes, number) ?? 1 }
            if limitFields.contains(where: { isNamed($0) }) { limitsOutput = true }
        case .beginArray where isNamed("tools"):
            try tools.read(&reader, bytes)
            return
        case .beginArray where isNamed("models"):
            try tools.readModels(&reader, bytes)
            return
        case .beginArray where isNamed("input"):
            try readInput(&reader, bytes)
            return
        case .beginObject where isNamed("prompt"):
            try readPrompt(&reader, bytes)
            return
        default: break
        }
        let start = reader.offset
        try reader.skipValue(bytes, after: value)
        // In canonical form, an empty array closes in the byte after it opens.
        let isEmptyArray = value == .beginArray && reader.offset == start + 1
        if value != .null, value != .bool(false), !isEmptyArray,
            Self.liveFields.contains(where: { isNamed($0) })
        {
            tools.seesLiveWorld = true
        }
    }

    /// The fields by which a client limits the output's length.
    private var limitFields: [StaticString] {
        switch endpoint {
        case .chatCompletions: ["max_tokens", "max_completion_tokens"]
        case .completions, .messages: ["max_tokens"]
        case .responses: ["max_output_tokens"]
        default: []
        }
    }

    /// Fields that switch on tools which run upstream: OpenAI's, two of Anthropic's, Groq's,
    /// OpenRouter's, Azure's, xAI's and Qwen's.
    private static let liveFields: [StaticString] = [
        "web_search_options", "mcp_servers", "container", "search_settings", "plugins",
        "data_sources", "search_parameters", "enable_search",
    ]

    private mutating func readInput(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            let item = try InputItem(&reader, bytes, tools: &tools)
            // The type of a reference may be left out; only messages may do so too, and they have a
            // role.
            if item.holdsReference || !item.hasType && item.hasID && !item.hasRole {
                obstacle = .itemReference
            }
        }
    }

    private mutating func readPrompt(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        var hasID = false
        var hasVersion = false
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            if value != .null {
                if JSONText.equals(bytes, name, "id") { hasID = true }
                if JSONText.equals(bytes, name, "version") { hasVersion = true }
            }
            try reader.skipValue(bytes, after: value)
        }
        if hasID && !hasVersion { obstacle = .unversionedPrompt }
    }
}
