/// What a response's document, or the data of one of its events, says that matters to storing it.
///
/// The dialects share one reader: their members do not collide.
struct Payload: Equatable {
    /// One of several answers to the same prompt.
    struct Choice: Equatable {
        /// nil when there is none, or not a whole number.
        var index: Int64?
        /// nil when it is null or absent; empty, which no rule allows, when it is not a string.
        var finishReason: [UInt8]?
    }

    /// How many images a response carries, and how.
    struct Images: Equatable {
        var count = 0
        var inline = 0
        var linked = 0
    }

    /// More choices than this are not followed; the API's own limit is 128.
    static let choiceLimit = 1024

    var type: [UInt8]?
    /// Whether there is an `error` that is not null, at the top or in `response`.
    var hasError = false
    /// The `status` at the top.
    var status: [UInt8]?
    /// The `status` in `response`.
    var innerStatus: [UInt8]?
    /// nil when there is no `choices`. After ``choiceLimit`` of them, one that did not finish stands
    /// for all the others.
    var choices: [Choice]?
    /// Anthropic's `stop_reason` at the top.
    var stopReason: [UInt8]?
    /// Anthropic's `stop_reason` in `delta`.
    var innerStopReason: [UInt8]?
    var usage = UsageCounts()
    /// The elements of `data` by what they carry.
    var images = Images()
    /// Whether there is an image at the top, as in the events of an image stream.
    var hasImage = false

    /// Reads a whole document.
    ///
    /// - Returns: nil when it is not an object.
    /// - Throws: What is wrong with the text as JSON.
    init?(_ bytes: Span<UInt8>) throws(JSONError) {
        var reader = JSONTokenizer()
        let first = try reader.next(bytes)
        guard first == .beginObject else { return nil }
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
            if isNamed("b64_json") { hasImage = !text.isEmpty }
        case .beginObject where isNamed("usage"):
            try usage.read(&reader, bytes)
        case .beginObject where isNamed("response"):
            try readInner(&reader, bytes, isResponse: true)
        case .beginObject where isNamed("message") || isNamed("delta"):
            try readInner(&reader, bytes, isResponse: false)
        case .beginArray where isNamed("choices"):
            try readChoices(&reader, bytes)
        case .beginArray where isNamed("data"):
            try readImages(&reader, bytes)
        default:
            try reader.skipValue(bytes, after: value)
        }
    }

    private mutating func readInner(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>, isResponse: Bool
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
            if isResponse, value != .null, isNamed("error") { hasError = true }
            switch value {
            case .string(let text) where isResponse && isNamed("status"):
                innerStatus = JSONText.decoded(bytes, text)
            case .string(let text) where !isResponse && isNamed("stop_reason"):
                innerStopReason = JSONText.decoded(bytes, text)
            case .beginObject where isNamed("usage"):
                try usage.read(&reader, bytes)
            default:
                try reader.skipValue(bytes, after: value)
            }
        }
    }

    private mutating func readChoices(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        var found = choices ?? []
        while let element = try reader.next(bytes), element != .endArray {
            var choice = Choice()
            // An element may have two bytes, a choice here has dozens: without a bound, an upstream
            // could have many times its body's size held.
            if found.count >= Self.choiceLimit {
                if found.count == Self.choiceLimit { found.append(choice) }
                try reader.skipValue(bytes, after: element)
                continue
            }
            if element == .beginObject {
                try choice.read(&reader, bytes)
            } else {
                try reader.skipValue(bytes, after: element)
            }
            found.append(choice)
        }
        choices = found
    }

    private mutating func readImages(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            images.count += 1
            guard element == .beginObject else {
                try reader.skipValue(bytes, after: element)
                continue
            }
            var isInline = false
            while case .name(let name)? = try reader.next(bytes) {
                guard let value = try reader.next(bytes) else { return }
                if case .string(let text) = value, JSONText.equals(bytes, name, "b64_json") {
                    isInline = !text.isEmpty
                }
                if value != .null, JSONText.equals(bytes, name, "url") { images.linked += 1 }
                try reader.skipValue(bytes, after: value)
            }
            if isInline { images.inline += 1 }
        }
    }
}

extension Payload.Choice {
    /// Reads a choice to its end, its opening bracket having been read.
    fileprivate mutating func read(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            if case .number(let number) = value, JSONText.equals(bytes, name, "index") {
                index = JSONText.integer(bytes, number)
            }
            if value != .null, JSONText.equals(bytes, name, "finish_reason") {
                finishReason = []
                if case .string(let text) = value {
                    finishReason = JSONText.decoded(bytes, text)
                }
            }
            try reader.skipValue(bytes, after: value)
        }
    }
}
