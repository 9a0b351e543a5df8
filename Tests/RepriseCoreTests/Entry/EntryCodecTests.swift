import RepriseCore
import Testing

struct EntryCodecTests {
    /// An entry with all that metadata can say, for a body of a given number of bytes.
    private static func metadata(bodyLength: Int) -> EntryMetadata {
        EntryMetadata(
            status: 200,
            headers: [
                HeaderField("content-type", "text/event-stream"),
                HeaderField(name: "x-request-id".wire, value: [0x72, 0xFF, 0x00 + 0x21]),
            ],
            storedAt: 1_700_000_000_123, ttl: 3600, bodyLength: Int64(bodyLength),
            bodyDigest: (0..<32).map { UInt8($0) }, upstream: "https://api.example/v1".wire,
            path: [0x2F, 0xC3, 0x28], model: "m \"1\"\n".wire, namespace: "n".wire,
            usage: Usage(inputTokens: 7, outputTokens: 3, cachedInputTokens: 2),
            tags: ["a".wire, "b".wire], credentialScope: (0..<32).map { 255 - UInt8($0) },
            chunks: bodyLength == 0
                ? []
                : [
                    StreamChunk(milliseconds: 0, length: 1),
                    StreamChunk(milliseconds: 12, length: Int64(bodyLength - 1)),
                ])
    }

    private static var plain: EntryMetadata {
        EntryMetadata(
            status: 200, headers: [], storedAt: 0, ttl: nil, bodyLength: 2,
            bodyDigest: [UInt8](repeating: 0, count: 32), upstream: "u".wire, path: "/".wire,
            model: nil, namespace: nil, usage: nil, tags: [],
            credentialScope: [UInt8](repeating: 0xAB, count: 32), chunks: [])
    }

    @Test(
        arguments: [
            [], "{}".wire, "data: é😀\n\n".wire, "\n\r\n".wire, [0x00], [0x61, 0x00, 0x62], [0xFF],
            [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], (0...255).map { UInt8($0) },
        ] as [[UInt8]])
    func entryIsReadAsItWasWritten(body: [UInt8]) throws {
        let metadata = Self.metadata(bodyLength: body.count)
        let text = EntryCodec.encode(metadata, body: body.span)
        let read = try EntryCodec.decode(text.span)
        #expect(read.metadata == metadata)
        #expect(read.body == body)
        #expect(String(validating: text, as: UTF8.self) != nil)
        #expect(!text.contains(0))
    }

    @Test func entryIsOneLineOfJSONAndTheBody() {
        #expect(
            EntryCodec.encode(Self.plain, body: "{}".wire.span).readable
                == #"{"version":1,"status":200,"stored_at":0,"length":2,"sha256":""#
                + String(repeating: "0", count: 64)
                + #"","encoding":"utf-8","upstream":"u","path":"/","credential":""#
                + String(repeating: "ab", count: 32)
                + #"","tags":[],"headers":[],"chunks":[]}"# + "\n{}")
    }

    @Test func metadataWithoutOptionalMembersAreReadAsTheyWereWritten() throws {
        let text = EntryCodec.encode(Self.plain, body: "{}".wire.span)
        #expect(try EntryCodec.decode(text.span).metadata == Self.plain)
    }

    @Test(arguments: ["data: a\n\n".wire, [0x00, 0xFF, 0x10, 0x20]] as [[UInt8]])
    func noTruncationIsAnEntry(body: [UInt8]) throws {
        let text = EntryCodec.encode(Self.metadata(bodyLength: body.count), body: body.span)
        for length in 0..<text.count {
            #expect(throws: EntryError.self) {
                try EntryCodec.decode(Array(text[..<length]).span)
            }
        }
    }

    @Test(arguments: ["data: a\n\n".wire, [0x00, 0xFF, 0x10, 0x20]] as [[UInt8]])
    func noChangedByteTrapsOrChangesTheLength(body: [UInt8]) {
        let text = EntryCodec.encode(Self.metadata(bodyLength: body.count), body: body.span)
        for index in text.indices {
            let flipped = (0..<8).map { text[index] ^ (1 << $0) }
            for byte in [0x00, 0x0A, 0x22, 0x2C, 0x30, 0x39, 0x5B, 0x5C, 0x7B, 0x7D, 0xFF] + flipped
            {
                var changed = text
                changed[index] = byte
                if let read = try? EntryCodec.decode(changed.span) {
                    #expect(read.metadata.bodyLength == Int64(read.body.count))
                    #expect(read.metadata.bodyDigest.count == 32)
                    #expect(read.metadata.status == 200)
                }
            }
        }
    }

    private static func text(
        replacing part: String, with other: String, body: String = "{}"
    ) -> [UInt8] {
        let text = EntryCodec.encode(plain, body: body.wire.span).readable
        #expect(text.contains(part))
        return text.replacing(part, with: other).wire
    }

    @Test(
        arguments: [
            ("\"version\":1", "\"version\":2", .unknownVersion),
            ("\"version\":1,\"status\":200", "\"version\":2,\"status\":\"OK\"", .unknownVersion),
            ("\"version\":1", "\"version\":0", .unknownVersion),
            ("\"version\":1", "\"v\":1", .malformed),
            ("\"version\":1", "\"version\":\"1\"", .malformed),
            ("\"length\":2", "\"length\":3", .wrongLength),
            ("\"length\":2", "\"length\":-2", .malformed),
            ("\"length\":2", "\"length\":2.5", .malformed),
            ("\"status\":200", "\"status\":0", .malformed),
            ("\"status\":200", "\"status\":101", .malformed),
            ("\"status\":200", "\"status\":204", .malformed),
            ("\"status\":200", "\"status\":206", .malformed),
            ("\"status\":200", "\"status\":304", .malformed),
            ("\"status\":200", "\"status\":500", .malformed),
            ("\"status\":200", "\"status\":4294967496", .malformed),
            ("\"status\":200,", "", .malformed),
            ("\"stored_at\":0", "\"stored_at\":0,\"ttl\":\"60\"", .malformed),
            ("\"stored_at\":0", "\"stored_at\":0,\"ttl\":-1", .malformed),
            ("\"stored_at\":0", "\"stored_at\":1e99", .malformed),
            ("utf-8", "gzip", .malformed),
            ("utf-8", "base64", .malformed),
            ("abab", "ab", .malformed),
            ("abab", "abxx", .malformed),
            ("\"tags\":[]", "\"tags\":[1]", .malformed),
            ("\"tags\":[]", "\"tags\":{}", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a\",\"b\",\"c\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"\",\"b\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a b\",\"b\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a:\",\"b\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a\",\"b\\r\\nc: d\"]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a\",{\"base64\":\"Cg==\"}]]", .malformed),
            ("\"headers\":[]", "\"headers\":[[\"a\",{\"base64\":\"C\"}]]", .malformed),
            ("\"chunks\":[]", "\"chunks\":[[0,1]]", .malformed),
            ("\"chunks\":[]", "\"chunks\":[[0,3],[0,-1]]", .malformed),
            ("\"chunks\":[]", "\"chunks\":[[-1,2]]", .malformed),
            (
                "\"chunks\":[]", "\"chunks\":[[0,9223372036854775807],[0,9223372036854775807]]",
                .malformed
            ),
            ("\"tags\":[]", "\"tags\":[],\"usage\":{\"input_tokens\":-1}", .malformed),
            ("}\n", "}", .malformed),
            ("}\n", "}}\n", .malformed),
            ("{\"version\"", "[\"version\"", .malformed),
        ] as [(String, String, EntryError)])
    func textThatIsNoEntryIsRefused(part: String, other: String, expected: EntryError) {
        #expect(throws: expected) {
            try EntryCodec.decode(Self.text(replacing: part, with: other).span)
        }
    }

    @Test(arguments: [
        ("\"tags\":[]", "\"tags\":[],\"later\":{\"a\":[[[[1]]],null,true]}"),
        ("\"tags\":[]", "\"usage\":null,\"model\":null,\"ttl\":null"),
        ("{\"version\":1", " {\"version\": 1"),
        ("\"path\":\"/\"", "\"path\":\"\\u002F\""),
        ("\"path\":\"/\"", "\"path\":{\"base64\":\"Lw==\"}"),
    ])
    func otherSpellingsAndUnknownMembersAreTaken(part: String, other: String) throws {
        let read = try EntryCodec.decode(Self.text(replacing: part, with: other).span)
        #expect(read.metadata == Self.plain)
    }

    @Test func headersAreReadFromAnEntry() throws {
        let text = Self.text(
            replacing: "\"headers\":[]",
            with: "\"headers\":[[\"X-Request-Id\",\"c\"],[\"openai-model\",\"\"]]")
        #expect(
            try EntryCodec.decode(text.span).metadata.headers
                == [HeaderField("x-request-id", "c"), HeaderField("openai-model", "")])
    }

    /// A store that others write to must not decide how a response is framed, or set cookies.
    @Test(arguments: [
        "Content-Length", "transfer-encoding", "connection", "set-cookie", "location",
        "access-control-allow-origin", "cache-status", "age", "x-new",
    ])
    func headersThatAreNeverStoredAreNotReplayed(name: String) throws {
        let text = Self.text(
            replacing: "\"headers\":[]",
            with: "\"headers\":[[\"\(name)\",\"7\"],[\"content-type\",\"a/b\"]]")
        #expect(
            try EntryCodec.decode(text.span).metadata.headers
                == [HeaderField("content-type", "a/b")])
    }

    @Test func lineOfMetadataIsBounded() {
        let text = Self.text(
            replacing: "\"path\":\"/\"",
            with: "\"path\":\"/\",\"x\":\"" + String(repeating: "x", count: 1 << 20) + "\"")
        #expect(throws: EntryError.malformed) { try EntryCodec.decode(text.span) }
    }

    @Test func chunksOverTheLimitAreWrittenAsOne() throws {
        let body = [UInt8](repeating: 0x61, count: 5000)
        var metadata = Self.plain
        metadata.bodyLength = 5000
        metadata.chunks = (0..<5000).map { StreamChunk(milliseconds: $0, length: 1) }
        let read = try EntryCodec.decode(EntryCodec.encode(metadata, body: body.span).span)
        #expect(read.metadata.chunks.count == 4096)
        #expect(read.metadata.chunks.last == StreamChunk(milliseconds: 4095, length: 905))
    }

    @Test func chunksOfAnotherBodyAreLeftOut() throws {
        var metadata = Self.plain
        metadata.chunks = [StreamChunk(milliseconds: 0, length: 3)]
        let read = try EntryCodec.decode(EntryCodec.encode(metadata, body: "{}".wire.span).span)
        #expect(read.metadata.chunks.isEmpty)
    }

    /// An entry as any build of the core must read and write it.
    struct Row: Decodable, Sendable {
        let text: String
        let bodyHex: String
    }

    @Test(arguments: try VectorFile.decode("entry.json", as: [Row].self))
    func entryOfTheTableIsReadAndWrittenAgain(row: Row) throws {
        let read = try EntryCodec.decode(row.text.wire.span)
        #expect(
            read.body.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == row.bodyHex)
        #expect(EntryCodec.encode(read.metadata, body: read.body.span).readable == row.text)
    }
}
