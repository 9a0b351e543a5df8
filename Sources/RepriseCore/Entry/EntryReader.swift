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

    /// Takes the line in.
    ///
    /// - Throws: ``EntryError/malformed`` when it is not a JSON object, or a known member is not of
    ///   its type; ``EntryError/unknownVersion`` when that is because a version not known here
    ///   stands before it.
    mutating func read(_ line: Span<UInt8>) throws(EntryError) {
        var json = JSONTokenizer()
        do throws(JSONError) {
            let first = try json.next(line)
            guard first == .beginObject else { throw .invalid }
            while case .name(let name)? = try json.next(line) {
                guard let token = try json.next(line) else { throw .invalid }
                let value = try EntryValue(token, &json, line)
                if value != .null { try take(name, value, line) }
            }
            guard try json.next(line) == nil else { throw .invalid }
        } catch {
            throw isOfUnknownVersion ? .unknownVersion : .malformed
        }
        isBase64 = encoding?.equals("base64") == true
    }

    private mutating func take(
        _ name: Range<Int>, _ value: EntryValue, _ line: Span<UInt8>
    ) throws(JSONError) {
        func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
        if isNamed("version") { return version = try value.number() }
        if isNamed("status") { return status = try value.number() }
        if isNamed("stored_at") { return storedAt = try value.number() }
        if isNamed("ttl") { return ttl = try value.number() }
        if isNamed("length") { return length = try value.number() }
        if isNamed("sha256") { return digest = Hex.decode(try value.text()) }
        if isNamed("encoding") { return encoding = try value.text() }
        if isNamed("upstream") { return upstream = try value.text() }
        if isNamed("path") { return path = try value.text() }
        if isNamed("model") { return model = try value.text() }
        if isNamed("namespace") { return namespace = try value.text() }
        if isNamed("credential") { return credential = Hex.decode(try value.text()) }
        if isNamed("usage") { return usage = try value.usage() }
        if isNamed("tags") { return tags = try value.texts() }
        if isNamed("headers") { return headers = try value.headers() }
        if isNamed("chunks") { return chunks = try value.chunks() }
    }

    private var isOfUnknownVersion: Bool {
        version.map { $0 != EntryCodec.version } == true
    }

    /// What was read.
    ///
    /// Of the headers, only those that are ever stored: a store that others write to must not decide
    /// how a response is framed.
    ///
    /// - Throws: ``EntryError/unknownVersion``, or ``EntryError/malformed`` when something is missing
    ///   or impossible.
    func metadata() throws(EntryError) -> EntryMetadata {
        if isOfUnknownVersion { throw .unknownVersion }
        // Nothing but 200 is ever stored, and a status without a body would break the framing.
        guard version != nil, status == 200, let storedAt, let length, length >= 0,
            let digest, digest.count == 32, let upstream, let path,
            let credential, credential.count == 32,
            let encoding, encoding.equals("utf-8") || encoding.equals("base64"),
            ttl.map({ $0 >= 0 }) != false, StreamChunk.areWhole(chunks, length: length)
        else { throw .malformed }
        return EntryMetadata(
            status: 200, headers: HeaderPolicy.stored(headers), storedAt: storedAt, ttl: ttl,
            bodyLength: length, bodyDigest: digest, upstream: upstream, path: path, model: model,
            namespace: namespace, usage: usage, tags: tags, credentialScope: credential,
            chunks: chunks)
    }
}
