/// Writes the line of metadata, its members in a fixed order.
struct EntryWriter {
    var text: [UInt8] = []

    init(capacity: Int) {
        text.reserveCapacity(capacity)
    }

    mutating func write(_ metadata: EntryMetadata, encoding: StaticString) {
        text.append(literal: "{\"version\":")
        text.append(decimal: EntryCodec.version)
        number("status", Int64(metadata.status))
        number("stored_at", metadata.storedAt)
        if let ttl = metadata.ttl { number("ttl", ttl) }
        number("length", metadata.bodyLength)
        name("sha256")
        quote(Hex.encode(metadata.bodyDigest))
        name("encoding")
        quote([UInt8](encoding))
        name("upstream")
        string(metadata.upstream)
        name("path")
        string(metadata.path)
        if let model = metadata.model {
            name("model")
            string(model)
        }
        if let namespace = metadata.namespace {
            name("namespace")
            string(namespace)
        }
        name("credential")
        quote(Hex.encode(metadata.credentialScope))
        if let usage = metadata.usage { write(usage) }
        name("tags")
        list(metadata.tags) { $0.string($1) }
        name("headers")
        list(metadata.headers) { writer, field in
            writer.list([field.name, field.value]) { $0.string($1) }
        }
        name("chunks")
        let isWhole = StreamChunk.areWhole(metadata.chunks, length: metadata.bodyLength)
        list(isWhole ? StreamChunk.bounded(metadata.chunks) : []) { writer, chunk in
            writer.list([chunk.milliseconds, chunk.length]) { $0.text.append(decimal: $1) }
        }
        text.append(UInt8(ascii: "}"))
    }

    private mutating func write(_ usage: Usage) {
        name("usage")
        text.append(literal: "{\"input_tokens\":")
        text.append(decimal: usage.inputTokens)
        number("output_tokens", usage.outputTokens)
        number("cached_input_tokens", usage.cachedInputTokens)
        text.append(UInt8(ascii: "}"))
    }

    private mutating func name(_ name: StaticString) {
        text.append(literal: ",\"")
        text.append(literal: name)
        text.append(literal: "\":")
    }

    private mutating func number(_ name: StaticString, _ value: Int64) {
        self.name(name)
        text.append(decimal: value)
    }

    private mutating func quote(_ value: [UInt8]) {
        JSONText.appendQuoted(value.span, to: &text)
    }

    private mutating func string(_ value: [UInt8]) {
        if UTF8Text.isValid(value.span) {
            quote(value)
        } else {
            text.append(literal: "{\"base64\":\"")
            Base64.append(value.span, to: &text)
            text.append(literal: "\"}")
        }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ write: (inout EntryWriter, Element) -> Void
    ) {
        text.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        text.append(UInt8(ascii: "]"))
    }
}
