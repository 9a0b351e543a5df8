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
        var values = EntryValues()
        do throws(JSONError) {
            try values.begin(line)
            while let name = try values.nextName(line) { try take(name, &values, line) }
        } catch {
            throw isOfUnknownVersion ? .unknownVersion : .malformed
        }
        isBase64 = encoding?.equals("base64") == true
    }

    private mutating func take(
        _ name: Range<Int>, _ values: inout EntryValues, _ line: Span<UInt8>
    ) throws(JSONError) {
        func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(line, name, literal) }
        if isNamed("version") { return version = try values.number(line) ?? version }
        if isNamed("status") { return status = try values.number(line) ?? status }
        if isNamed("stored_at") { return storedAt = try values.number(line) ?? storedAt }
        if isNamed("ttl") { return ttl = try values.number(line) ?? ttl }
        if isNamed("length") { return length = try values.number(line) ?? length }
        if isNamed("sha256") { return digest = try values.hexadecimal(line) ?? digest }
        if isNamed("encoding") { return encoding = try values.text(line) ?? encoding }
        if isNamed("upstream") { return upstream = try values.text(line) ?? upstream }
        if isNamed("path") { return path = try values.text(line) ?? path }
        if isNamed("model") { return model = try values.text(line) ?? model }
        if isNamed("namespace") { return namespace = try values.text(line) ?? namespace }
        if isNamed("credential") { return credential = try values.hexadecimal(line) ?? credential }
        if isNamed("usage") { return usage = try values.usage(line) ?? usage }
        if isNamed("tags") { return tags = try values.texts(line) ?? tags }
        if isNamed("headers") { return headers = try values.headers(line) ?? headers }
        if isNamed("chunks") { return chunks = try values.chunks(line) ?? chunks }
        try values.skip(line)
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
