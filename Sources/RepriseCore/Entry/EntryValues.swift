/// Reads the members of a line of metadata, each value as the type that it has to be of.
///
/// `null` counts as absent; a value of another type is ``JSONError/invalid``. As with
/// ``JSONTokenizer``, every call is given the same line anew.
struct EntryValues {
    private var json = JSONTokenizer()

    /// Reads the bracket that the line begins with.
    mutating func begin(_ line: Span<UInt8>) throws(JSONError) {
        try expect(.beginObject, line)
    }

    /// The name of the next member, whose value must be read next; nil at the end of the line.
    mutating func nextName(_ line: Span<UInt8>) throws(JSONError) -> Range<Int>? {
        if let name = try memberName(line) { return name }
        guard try json.next(line) == nil else { throw .invalid }
        return nil
    }

    /// Reads over a value of any type.
    mutating func skip(_ line: Span<UInt8>) throws(JSONError) {
        try json.skipValue(line, after: try token(line))
    }

    /// A whole number.
    mutating func number(_ line: Span<UInt8>) throws(JSONError) -> Int64? {
        let token = try token(line)
        return token == .null ? nil : try number(token, line)
    }

    /// A string, or an object `{"base64":"..."}`.
    mutating func text(_ line: Span<UInt8>) throws(JSONError) -> [UInt8]? {
        let token = try token(line)
        return token == .null ? nil : try text(token, line)
    }

    /// Pairs of hexadecimal digits.
    mutating func hexadecimal(_ line: Span<UInt8>) throws(JSONError) -> [UInt8]? {
        guard let text = try text(line) else { return nil }
        guard let bytes = Hex.decode(text) else { throw .invalid }
        return bytes
    }

    /// A list of strings.
    mutating func texts(_ line: Span<UInt8>) throws(JSONError) -> [[UInt8]]? {
        guard try beginList(line) else { return nil }
        var texts: [[UInt8]] = []
        while let element = try nextElement(line) { texts.append(try text(element, line)) }
        return texts
    }

    /// A list of pairs of a field's name and its value.
    ///
    /// A name must be a token and a value without CR, LF and NUL (RFC 9110 §5.5, §5.6.2), or whoever
    /// writes to a shared store could split responses.
    mutating func headers(_ line: Span<UInt8>) throws(JSONError) -> [HeaderField]? {
        guard try beginList(line) else { return nil }
        var fields: [HeaderField] = []
        fields.reserveCapacity(4)
        while let element = try nextElement(line) {
            guard element == .beginArray else { throw .invalid }
            let name = try text(try token(line), line)
            let value = try text(try token(line), line)
            try expect(.endArray, line)
            guard !name.isEmpty, name.allSatisfy(Self.isTokenCharacter),
                !value.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0x00 })
            else { throw .invalid }
            fields.append(HeaderField(name: name, value: value))
        }
        return fields
    }

    /// A list of pairs of milliseconds and bytes.
    mutating func chunks(_ line: Span<UInt8>) throws(JSONError) -> [StreamChunk]? {
        guard try beginList(line) else { return nil }
        var chunks: [StreamChunk] = []
        while let element = try nextElement(line) {
            guard element == .beginArray else { throw .invalid }
            let chunk = StreamChunk(
                milliseconds: try number(try token(line), line),
                length: try number(try token(line), line))
            try expect(.endArray, line)
            guard chunk.milliseconds >= 0, chunk.length >= 0 else { throw .invalid }
            chunks.append(chunk)
        }
        return chunks
    }

    /// An object of counts, none of them below zero.
    mutating func usage(_ line: Span<UInt8>) throws(JSONError) -> Usage? {
        switch try token(line) {
        case .null: return nil
        case .beginObject: break
        default: throw .invalid
        }
        var usage = Usage(inputTokens: 0, outputTokens: 0)
        while let name = try memberName(line) {
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
            let token = try token(line)
            if case .number(let range) = token, let count = JSONText.integer(line, range) {
                if isNamed("input_tokens") { usage.inputTokens = count }
                if isNamed("output_tokens") { usage.outputTokens = count }
                if isNamed("cached_input_tokens") { usage.cachedInputTokens = count }
            }
            try json.skipValue(line, after: token)
        }
        guard usage.inputTokens >= 0, usage.outputTokens >= 0, usage.cachedInputTokens >= 0
        else { throw .invalid }
        return usage
    }

    // MARK: - Tokens

    private mutating func token(_ line: Span<UInt8>) throws(JSONError) -> JSONToken {
        guard let token = try json.next(line) else { throw .invalid }
        return token
    }

    private mutating func expect(
        _ expected: JSONToken, _ line: Span<UInt8>
    ) throws(JSONError) {
        guard try token(line) == expected else { throw .invalid }
    }

    /// The name of the next member of the object that is open; nil at its end.
    private mutating func memberName(_ line: Span<UInt8>) throws(JSONError) -> Range<Int>? {
        if case .name(let name) = try token(line) { name } else { nil }
    }

    /// - Returns: false for `null`.
    private mutating func beginList(_ line: Span<UInt8>) throws(JSONError) -> Bool {
        switch try token(line) {
        case .null: return false
        case .beginArray: return true
        default: throw .invalid
        }
    }

    /// The first token of the next element of the array that is open; nil at its end.
    private mutating func nextElement(_ line: Span<UInt8>) throws(JSONError) -> JSONToken? {
        let token = try token(line)
        return token == .endArray ? nil : token
    }

    private func number(_ token: JSONToken, _ line: Span<UInt8>) throws(JSONError) -> Int64 {
        guard case .number(let range) = token, let number = JSONText.integer(line, range)
        else { throw .invalid }
        return number
    }

    private mutating func text(
        _ token: JSONToken, _ line: Span<UInt8>
    ) throws(JSONError) -> [UInt8] {
        if case .string(let range) = token { return JSONText.decoded(line, range) }
        guard token == .beginObject else { throw .invalid }
        var bytes: [UInt8]?
        while let name = try memberName(line) {
            let token = try self.token(line)
            if case .string(let range) = token, JSONText.equals(line, name, "base64") {
                bytes = Base64.decode(JSONText.decoded(line, range).span)
            }
            try json.skipValue(line, after: token)
        }
        guard let bytes else { throw .invalid }
        return bytes
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
