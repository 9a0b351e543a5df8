/// Reads the line of metadata; members that are not known are passed over.
struct EntryReader {
    private(set) var isBase64 = false
    private var version: Int64?
    private var status: Int64?
    private var storedAt: Int64?
    private var ttl: Int64?
    private var length: Int64?
    private var digest: [UInt8]?
    private var encoding: [UInt8]?
    private var upstream: [UInt8]?
    private var path: [UInt8]?
    private var model: [UInt8]?
    private var namespace: [UInt8]?
    private var credential: [UInt8]?
    private var usage: Usage?
    private var tags: [[UInt8]] = []
    private var headers: [HeaderField] = []
    private var chunks: [StreamChunk] = []

    mutating func read(_ line: Span<UInt8>) throws(JSONError) {
        var json = JSONTokenizer()
        guard try json.next(line) == .beginObject else { throw .invalid }
        while case .name(let name)? = try json.next(line) {
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
            let value = try Self.value(&json, line)
            if isNamed("version") { version = value.number }
            if isNamed("status") { status = value.number }
            if isNamed("stored_at") { storedAt = value.number }
            if isNamed("ttl") { ttl = value.number }
            if isNamed("length") { length = value.number }
            if isNamed("sha256") { digest = value.text.flatMap(Hex.decode) }
            if isNamed("encoding") { encoding = value.text }
            if isNamed("upstream") { upstream = value.text }
            if isNamed("path") { path = value.text }
            if isNamed("model") { model = value.text }
            if isNamed("namespace") { namespace = value.text }
            if isNamed("credential") { credential = value.text.flatMap(Hex.decode) }
            if isNamed("usage") { usage = value.usage }
            if isNamed("tags") { tags = value.list.compactMap { $0.text } }
            if isNamed("headers") {
                headers = value.list.compactMap { pair in
                    guard pair.list.count == 2, let name = pair.list[0].text,
                        let value = pair.list[1].text
                    else { return nil }
                    return HeaderField(name: name, value: value)
                }
            }
            if isNamed("chunks") {
                chunks = value.list.compactMap { pair in
                    guard pair.list.count == 2, let milliseconds = pair.list[0].number,
                        let length = pair.list[1].number
                    else { return nil }
                    return StreamChunk(milliseconds: milliseconds, length: length)
                }
            }
        }
        guard try json.next(line) == nil else { throw .invalid }
        isBase64 = encoding?.equals("base64") == true
    }

    /// What was read.
    func metadata() throws(EntryError) -> EntryMetadata {
        guard let version else { throw .malformed }
        guard version == EntryCodec.version else { throw .unknownVersion }
        guard let status, 100...599 ~= status, let storedAt, let length, length >= 0,
            let digest, digest.count == 32, let upstream, let path, let credential,
            let encoding, encoding.equals("utf-8") || encoding.equals("base64")
        else { throw .malformed }
        return EntryMetadata(
            status: Int32(status), headers: headers, storedAt: storedAt, ttl: ttl,
            bodyLength: length, bodyDigest: digest, upstream: upstream, path: path, model: model,
            namespace: namespace, usage: usage, tags: tags, credentialScope: credential,
            chunks: chunks)
    }

    /// A value of the few shapes that metadata have; anything else is none of them.
    private struct Value {
        var number: Int64?
        var text: [UInt8]?
        var list: [Value] = []
        var usage: Usage?
    }

    private static func value(
        _ json: inout JSONTokenizer, _ line: Span<UInt8>
    ) throws(JSONError) -> Value {
        guard let token = try json.next(line) else { return Value() }
        return try value(token, &json, line, depth: 0)
    }

    private static func value(
        _ token: JSONToken, _ json: inout JSONTokenizer, _ line: Span<UInt8>, depth: Int
    ) throws(JSONError) -> Value {
        var value = Value()
        switch token {
        case .number(let range): value.number = JSONText.integer(line, range)
        case .string(let range): value.text = JSONText.decoded(line, range)
        case .beginArray where depth < 2:
            while let element = try json.next(line), element != .endArray {
                value.list.append(try self.value(element, &json, line, depth: depth + 1))
            }
        case .beginObject:
            try readObject(&value, &json, line)
        default:
            try json.skipValue(line, after: token)
        }
        return value
    }

    /// Reads bytes in base64, or a usage.
    private static func readObject(
        _ value: inout Value, _ json: inout JSONTokenizer, _ line: Span<UInt8>
    ) throws(JSONError) {
        var usage = Usage(inputTokens: 0, outputTokens: 0)
        while case .name(let name)? = try json.next(line) {
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
            guard let token = try json.next(line) else { return }
            if case .string(let range) = token, isNamed("base64") {
                value.text = Base64.decode(line.extracting(range))
            }
            if case .number(let range) = token, let count = JSONText.integer(line, range) {
                if isNamed("input_tokens") { usage.inputTokens = count }
                if isNamed("output_tokens") { usage.outputTokens = count }
                if isNamed("cached_input_tokens") { usage.cachedInputTokens = count }
            }
            try json.skipValue(line, after: token)
        }
        value.usage = usage
    }
}
