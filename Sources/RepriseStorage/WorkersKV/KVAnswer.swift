internal import RepriseCore

/// The envelope of an answer of Cloudflare's API: whether the call succeeded, and if not, why
/// (developers.cloudflare.com/api/resources/kv).
struct KVAnswer: Equatable {
    /// Whether the call did what was asked.
    var success = false
    /// The number of the first error, such as 10009 for a key that is not there.
    var code: Int64?
    /// The first error in Cloudflare's words.
    var message: [UInt8]?
    /// How many keys of a bulk call were neither written nor deleted.
    var unsuccessfulKeys = 0
    /// What ``KVMetadata`` says, when the result is an entry's metadata.
    var retainedUntil: Int64?

    /// A key that is not there.
    static let keyNotFound: Int64 = 10009

    /// Reads an envelope.
    ///
    /// - Returns: nil when the text is not one.
    init?(_ body: [UInt8]) {
        // What does not parse is no envelope, whatever is wrong with it.
        guard (try? read(body.span)) == true else { return nil }
    }

    private mutating func read(_ text: Span<UInt8>) throws(JSONError) -> Bool {
        var reader = JSONTokenizer()
        guard try reader.next(text) == .beginObject else { return false }
        var hasSuccess = false
        while case .name(let name) = try reader.next(text) {
            guard let value = try reader.next(text) else { return false }
            switch value {
            case .bool(let flag) where JSONText.equals(text, name, "success"):
                success = flag
                hasSuccess = true
            case .beginArray where JSONText.equals(text, name, "errors"):
                try readErrors(text, &reader)
            case .beginObject where JSONText.equals(text, name, "result"):
                try readResult(text, &reader)
            default:
                try reader.skipValue(text, after: value)
            }
        }
        return try reader.next(text) == nil && hasSuccess
    }

    private mutating func readErrors(
        _ text: Span<UInt8>, _ reader: inout JSONTokenizer
    ) throws(JSONError) {
        while let element = try reader.next(text), element != .endArray {
            guard element == .beginObject else {
                try reader.skipValue(text, after: element)
                continue
            }
            while case .name(let name) = try reader.next(text) {
                guard let value = try reader.next(text) else { return }
                if case .number(let range) = value, JSONText.equals(text, name, "code") {
                    code = code ?? JSONText.integer(text, range)
                } else if case .string(let range) = value, JSONText.equals(text, name, "message") {
                    message = message ?? JSONText.decoded(text, range)
                }
                try reader.skipValue(text, after: value)
            }
        }
    }

    private mutating func readResult(
        _ text: Span<UInt8>, _ reader: inout JSONTokenizer
    ) throws(JSONError) {
        while case .name(let name) = try reader.next(text) {
            guard let value = try reader.next(text) else { return }
            if case .number(let range) = value, JSONText.equals(text, name, "until") {
                retainedUntil = JSONText.integer(text, range)
            } else if value == .beginArray, JSONText.equals(text, name, "unsuccessful_keys") {
                while let key = try reader.next(text), key != .endArray {
                    unsuccessfulKeys += 1
                    try reader.skipValue(text, after: key)
                }
                continue
            }
            try reader.skipValue(text, after: value)
        }
    }
}
