/// What the body of a request says that matters to the cache, read from its canonical form in one
/// pass over the top-level members.
struct RequestFacts: Equatable {
    /// The `model`; nil when it is absent or not a string.
    var model: [UInt8]?
    /// Whether `stream` is true.
    var wantsStream = false
    /// Whether the client itself set a limit to the output's length.
    var limitsOutput = false
    /// Whether `store` is true.
    var asksToStore = false
    /// Whether a tool or field lets the upstream see or change the live world.
    var seesLiveWorld = false
    /// Whether a tool is of a type that is not known here.
    var hasUnknownTool = false
    /// Why the request can never be cached, whatever it is sent to.
    var obstacle: BypassReason?

    /// Reads a canonical document.
    ///
    /// - Returns: nil when it is not an object.
    init?(_ canonical: Span<UInt8>) throws(JSONError) {
        var reader = JSONTokenizer()
        guard try reader.next(canonical) == .beginObject else { return nil }
        while case .name(let name)? = try reader.next(canonical) {
            guard let value = try reader.next(canonical) else { return }
            try read(name, value, &reader, canonical)
        }
    }

    private mutating func read(
        _ name: Range<Int>, _ value: JSONToken, _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
        switch value {
        case .string(let text) where isNamed("model"):
            model = JSONText.decoded(bytes, text)
        case .bool(true):
            if isNamed("stream") { wantsStream = true }
            if isNamed("store") { asksToStore = true }
            if isNamed("background") { obstacle = .background }
        case .number
        where isNamed("max_tokens") || isNamed("max_completion_tokens")
            || isNamed("max_output_tokens"):
            limitsOutput = true
        case .beginArray where isNamed("tools"):
            try readTools(&reader, bytes)
            return
        case .beginArray where isNamed("input"):
            try readInput(&reader, bytes)
            return
        case .beginObject where isNamed("prompt"):
            try readPrompt(&reader, bytes)
            return
        default: break
        }
        if value != .null {
            if isNamed("conversation") { obstacle = .conversation }
            if isNamed("web_search_options") { seesLiveWorld = true }
        }
        let start = reader.offset
        try reader.skipValue(bytes, after: value)
        // An empty array or object closes in the byte after it opens.
        let isEmpty = (value == .beginArray || value == .beginObject) && reader.offset == start + 1
        if value != .null, !isEmpty, Self.liveFields.contains(where: { isNamed($0) }) {
            seesLiveWorld = true
        }
    }

    /// Fields that switch on tools which run upstream: Anthropic's, Groq's and OpenRouter's.
    private static let liveFields: [StaticString] = [
        "mcp_servers", "container", "search_settings", "plugins",
    ]

    private mutating func readTools(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            let tool = try ItemOutline(&reader, bytes)
            guard let type = tool.type else { continue }
            switch ToolKind(type: JSONText.decoded(bytes, type)) {
            case .runByClient: break
            case .hosted: seesLiveWorld = true
            case .unknown: hasUnknownTool = true
            }
        }
    }

    private mutating func readInput(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            let item = try ItemOutline(&reader, bytes)
            if let type = item.type {
                if JSONText.equals(bytes, type, "item_reference") { obstacle = .itemReference }
            } else if item.hasID && !item.hasRole {
                // The type of a reference may be left out; only messages may do so too, and they
                // have a role.
                obstacle = .itemReference
            }
        }
    }

    private mutating func readPrompt(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        let prompt = try ItemOutline(&reader, bytes)
        if prompt.hasID && !prompt.hasVersion { obstacle = .unversionedPrompt }
    }
}

/// The members of a nested object that decide what it is.
private struct ItemOutline {
    /// Where the text of a `type` that is a string stands.
    var type: Range<Int>?
    var hasID = false
    var hasRole = false
    var hasVersion = false

    /// Reads an object to its end, its opening bracket having been read.
    init(_ reader: inout JSONTokenizer, _ bytes: Span<UInt8>) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            if case .string(let text) = value, JSONText.equals(bytes, name, "type") { type = text }
            if value != .null {
                if JSONText.equals(bytes, name, "id") { hasID = true }
                if JSONText.equals(bytes, name, "role") { hasRole = true }
                if JSONText.equals(bytes, name, "version") { hasVersion = true }
            }
            try reader.skipValue(bytes, after: value)
        }
    }
}
