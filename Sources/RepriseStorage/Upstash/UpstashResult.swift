internal import RepriseCore

/// What Upstash answers to one command: `{"result": ...}` or `{"error": "..."}`.
enum UpstashResult: Equatable {
    /// `null`: there is nothing.
    case nothing
    /// A string as it was sent: `OK`, or base64 of any other.
    case text([UInt8])
    /// An integer.
    case integer(Int64)
    /// Any other value, which no command that is sent here has.
    case other
    /// The command failed; Redis's own words.
    case error([UInt8])

    /// Reads the answer to a pipeline: an array of results, one for each command.
    ///
    /// - Returns: nil for anything else.
    static func list(_ body: [UInt8]) -> [UpstashResult]? {
        // What does not parse is no answer, whatever is wrong with it.
        try? readList(body.span)
    }

    /// Reads the answer to a request that failed as a whole: `{"error": "..."}`.
    ///
    /// - Returns: What Upstash says; nil for anything else.
    static func failure(_ body: [UInt8]) -> [UInt8]? {
        var reader = JSONTokenizer()
        // As above.
        guard (try? reader.next(body.span)) == .beginObject,
            case .error(let message) = try? read(body.span, &reader)
        else { return nil }
        return message
    }

    private static func readList(_ text: Span<UInt8>) throws(JSONError) -> [UpstashResult]? {
        var reader = JSONTokenizer()
        guard try reader.next(text) == .beginArray else { return nil }
        var results: [UpstashResult] = []
        while let token = try reader.next(text), token != .endArray {
            guard token == .beginObject, let result = try read(text, &reader) else { return nil }
            results.append(result)
        }
        guard try reader.next(text) == nil else { return nil }
        return results
    }

    /// Reads an object whose opening bracket has been read.
    private static func read(
        _ text: Span<UInt8>, _ reader: inout JSONTokenizer
    ) throws(JSONError) -> UpstashResult? {
        var result: UpstashResult?
        var message: [UInt8]?
        while case .name(let name) = try reader.next(text) {
            guard let value = try reader.next(text) else { return nil }
            if JSONText.equals(text, name, "error"), case .string(let range) = value {
                message = JSONText.decoded(text, range)
            } else if JSONText.equals(text, name, "result") {
                result = read(text, value)
            }
            try reader.skipValue(text, after: value)
        }
        return message.map { .error($0) } ?? result
    }

    private static func read(_ text: Span<UInt8>, _ value: JSONToken) -> UpstashResult {
        switch value {
        case .null: .nothing
        case .string(let range): .text(JSONText.decoded(text, range))
        case .number(let range): JSONText.integer(text, range).map { .integer($0) } ?? .other
        default: .other
        }
    }

    /// The bytes of a stored text, for the request asked for base64; nil when it is not that.
    static func stored(_ text: [UInt8]) -> [UInt8]? { Base64.decode(text.span) }
}
