/// A value of the few shapes that metadata have.
enum EntryValue: Equatable {
    /// `null`, which counts as absent.
    case null
    /// A whole number.
    case number(Int64)
    /// A string, or an object `{"base64":"..."}`.
    case text([UInt8])
    /// An array, nested at most twice.
    case list([EntryValue])
    /// An object of whole numbers.
    case usage(Usage)
    /// Anything else: it may stand in a member that is not known here.
    case other

    /// Reads a value to its end, its first token having been read.
    init(
        _ token: JSONToken, _ json: inout JSONTokenizer, _ line: Span<UInt8>, depth: Int = 0
    ) throws(JSONError) {
        switch token {
        case .null: self = .null
        case .number(let range): self = JSONText.integer(line, range).map { .number($0) } ?? .other
        case .string(let range): self = .text(JSONText.decoded(line, range))
        case .beginArray where depth < 2:
            var elements: [EntryValue] = []
            while let element = try json.next(line), element != .endArray {
                elements.append(try EntryValue(element, &json, line, depth: depth + 1))
            }
            self = .list(elements)
        case .beginObject:
            self = try Self.object(&json, line)
        default:
            self = .other
            try json.skipValue(line, after: token)
        }
    }

    /// Reads bytes in base64, or a usage.
    private static func object(
        _ json: inout JSONTokenizer, _ line: Span<UInt8>
    ) throws(JSONError) -> EntryValue {
        var usage = Usage(inputTokens: 0, outputTokens: 0)
        var value: EntryValue?
        while case .name(let name)? = try json.next(line) {
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
            guard let token = try json.next(line) else { return .other }
            if case .string(let range) = token, isNamed("base64") {
                let text = JSONText.decoded(line, range)
                value = Base64.decode(text.span).map { .text($0) } ?? .other
            }
            if case .number(let range) = token, let count = JSONText.integer(line, range) {
                if isNamed("input_tokens") { usage.inputTokens = count }
                if isNamed("output_tokens") { usage.outputTokens = count }
                if isNamed("cached_input_tokens") { usage.cachedInputTokens = count }
            }
            try json.skipValue(line, after: token)
        }
        return value ?? .usage(usage)
    }

    /// The number; throws when it is none.
    func number() throws(JSONError) -> Int64 {
        guard case .number(let number) = self else { throw .invalid }
        return number
    }

    /// The bytes; throws when it is none.
    func text() throws(JSONError) -> [UInt8] {
        guard case .text(let bytes) = self else { throw .invalid }
        return bytes
    }

    /// The counts; throws when they are none, or below zero.
    func usage() throws(JSONError) -> Usage {
        guard case .usage(let usage) = self, usage.inputTokens >= 0, usage.outputTokens >= 0,
            usage.cachedInputTokens >= 0
        else { throw .invalid }
        return usage
    }

    /// The strings of a list; throws when it is none.
    func texts() throws(JSONError) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        for element in try list() { texts.append(try element.text()) }
        return texts
    }

    /// The fields of a list of pairs; throws when it is none, or a field could not stand in a head.
    ///
    /// A name must be a token and a value without CR, LF and NUL (RFC 9110 §5.5, §5.6.2), or whoever
    /// writes to a shared store could split responses.
    func headers() throws(JSONError) -> [HeaderField] {
        var fields: [HeaderField] = []
        for element in try list() {
            let pair = try element.texts()
            guard pair.count == 2, !pair[0].isEmpty, pair[0].allSatisfy(Self.isTokenCharacter),
                !pair[1].contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0x00 })
            else { throw .invalid }
            fields.append(HeaderField(name: pair[0], value: pair[1]))
        }
        return fields
    }

    /// The chunks of a list of pairs; throws when it is none, or a number is below zero.
    func chunks() throws(JSONError) -> [StreamChunk] {
        var chunks: [StreamChunk] = []
        for element in try list() {
            let pair = try element.list()
            guard pair.count == 2 else { throw .invalid }
            let chunk = StreamChunk(
                milliseconds: try pair[0].number(), length: try pair[1].number())
            guard chunk.milliseconds >= 0, chunk.length >= 0 else { throw .invalid }
            chunks.append(chunk)
        }
        return chunks
    }

    private func list() throws(JSONError) -> [EntryValue] {
        guard case .list(let elements) = self else { throw .invalid }
        return elements
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "!"), 0x23...0x27, UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), 0x5E...0x60, UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
