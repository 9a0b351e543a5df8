/// What a response's document, or the data of one of its events, says that matters to storing it.
///
/// The dialects share one reader: their members do not collide.
struct Payload: Equatable {
    /// One of several answers to the same prompt.
    struct Choice: Equatable {
        var index: Int64 = 0
        /// nil when it is null or absent.
        var finishReason: [UInt8]?
    }

    var type: [UInt8]?
    /// Whether there is a top-level `error` that is not null.
    var hasError = false
    /// The `status`, at the top or in `response`.
    var status: [UInt8]?
    /// nil when there is no `choices`.
    var choices: [Choice]?
    /// Anthropic's, at the top or in `delta`.
    var stopReason: [UInt8]?
    var usage = UsageCounts()
    /// The elements of `data` by what they carry.
    var images = Images()

    /// How many images a response carries, and how.
    struct Images: Equatable {
        var count = 0
        var inline = 0
        var linked = 0
    }

    /// Reads a whole document.
    ///
    /// - Returns: nil when it is not an object.
    init?(_ bytes: Span<UInt8>) throws(JSONError) {
        var reader = JSONTokenizer()
        guard try reader.next(bytes) == .beginObject else { return nil }
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return nil }
            try read(name, value, &reader, bytes)
        }
        // Reads on to the end: nothing may follow the object.
        guard try reader.next(bytes) == nil else { return nil }
    }

    private mutating func read(
        _ name: Range<Int>, _ value: JSONToken, _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
        if value != .null, isNamed("error") { hasError = true }
        switch value {
        case .string(let text):
            if isNamed("type") { type = JSONText.decoded(bytes, text) }
            if isNamed("status") { status = JSONText.decoded(bytes, text) }
            if isNamed("stop_reason") { stopReason = JSONText.decoded(bytes, text) }
        case .beginObject where isNamed("usage"):
            try usage.read(&reader, bytes)
        case .beginObject where isNamed("response") || isNamed("message") || isNamed("delta"):
            try readInner(&reader, bytes)
        case .beginArray where isNamed("choices"):
            try readChoices(&reader, bytes)
        case .beginArray where isNamed("data"):
            try readImages(&reader, bytes)
        default:
            try reader.skipValue(bytes, after: value)
        }
    }

    private mutating func readInner(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            switch value {
            case .string(let text) where JSONText.equals(bytes, name, "status"):
                status = JSONText.decoded(bytes, text)
            case .string(let text) where JSONText.equals(bytes, name, "stop_reason"):
                stopReason = JSONText.decoded(bytes, text)
            case .beginObject where JSONText.equals(bytes, name, "usage"):
                try usage.read(&reader, bytes)
            default:
                try reader.skipValue(bytes, after: value)
            }
        }
    }

    private mutating func readChoices(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        var found: [Choice] = []
        while let element = try reader.next(bytes), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            var choice = Choice(index: Int64(found.count))
            while case .name(let name)? = try reader.next(bytes) {
                guard let value = try reader.next(bytes) else { return }
                switch value {
                case .number(let number) where JSONText.equals(bytes, name, "index"):
                    choice.index = JSONText.integer(bytes, number) ?? -1
                case .string(let text) where JSONText.equals(bytes, name, "finish_reason"):
                    choice.finishReason = JSONText.decoded(bytes, text)
                default:
                    try reader.skipValue(bytes, after: value)
                }
            }
            found.append(choice)
        }
        choices = found
    }

    private mutating func readImages(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            images.count += 1
            while case .name(let name)? = try reader.next(bytes) {
                guard let value = try reader.next(bytes) else { return }
                if case .string = value, JSONText.equals(bytes, name, "b64_json") {
                    images.inline += 1
                }
                if value != .null, JSONText.equals(bytes, name, "url") { images.linked += 1 }
                try reader.skipValue(bytes, after: value)
            }
        }
    }
}
