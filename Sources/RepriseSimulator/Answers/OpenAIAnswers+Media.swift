internal import RepriseCore

extension OpenAIAnswers {
    /// `POST /embeddings`: vectors of length one, as numbers or as base64 of little-endian floats.
    func embeddings() -> SimulatedResponse {
        let isBase64 = question.document["encoding_format"]?.stringValue == "base64"
        let dimensions = min(max(question.document["dimensions"]?.integerValue ?? 1536, 1), 4096)
        // A list of numbers is one input given as tokens.
        let elements = question.document["input"]?.elements ?? []
        let isList = elements.contains { $0.integerValue == nil }
        let data: [JSONValue] = (0..<(isList ? elements.count : 1)).map { index in
            let vector = embedding(of: index, dimensions: dimensions)
            return [
                "object": "embedding",
                "index": .integer(index),
                "embedding": isBase64
                    ? .string(Self.base64(vector))
                    : .array(vector.map { .number(Double($0)) }),
            ]
        }
        let tokens: JSONValue = .integer(question.promptTokens)
        return json(
            [
                "object": "list",
                "data": .array(data),
                "model": .string(model),
                "usage": ["prompt_tokens": tokens, "total_tokens": tokens],
            ])
    }

    private func embedding(of index: Int, dimensions: Int) -> [Float] {
        var generator = SplitMix64(
            state: UInt64(question.request.arrival) << 32 | UInt64(index))
        let vector = (0..<dimensions).map { _ in
            Float(generator.next() >> 40) / Float(1 << 24) - 0.5
        }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { length > 0 ? $0 / length : 0 }
    }

    private static func base64(_ vector: [Float]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(vector.count * 4)
        for value in vector {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return base64(bytes)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        Base64.append(bytes.span, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// `POST /moderations`: nothing is ever flagged.
    func moderation() -> SimulatedResponse {
        let categories = [
            "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit",
            "illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent", "sexual",
            "sexual/minors", "violence", "violence/graphic",
        ]
        let result: JSONValue = [
            "flagged": false,
            "categories": .object(categories.map { ($0, false) }),
            "category_scores": .object(categories.map { ($0, .number(0.0001)) }),
            "category_applied_input_types": .object(categories.map { ($0, .array(["text"])) }),
        ]
        let count = max(question.document["input"]?.elements?.count ?? 1, 1)
        return json(
            [
                "id": .string(question.id("modr-")),
                "model": .string(question.model ?? "omni-moderation-latest"),
                "results": .array(Array(repeating: result, count: count)),
            ])
    }

    /// `POST /images/generations`: a picture of one pixel, or a URL when one is asked for.
    func images() -> SimulatedResponse {
        let usage: JSONValue = [
            "input_tokens": .integer(question.promptTokens),
            "input_tokens_details": [
                "image_tokens": 0, "text_tokens": .integer(question.promptTokens),
            ],
            "output_tokens": 272,
            "total_tokens": .integer(question.promptTokens + 272),
        ]
        let format: [(String, JSONValue)] = [
            ("background", "opaque"), ("output_format", "png"),
            ("quality", "low"), ("size", "1024x1024"),
        ]
        if question.wantsStream {
            let members =
                [("b64_json", .string(Self.pixel)), ("created_at", .integer(question.created))]
                + format
            return namedEvents([
                .object(
                    [
                        ("type", "image_generation.partial_image"),
                        ("partial_image_index", 0),
                    ] + members),
                .object(
                    [("type", "image_generation.completed")] + members
                        + [("usage", usage)]),
            ])
        }
        let wantsURL = question.document["response_format"]?.stringValue == "url"
        let image: (String, JSONValue) =
            wantsURL
            ? ("url", .string("https://images.invalid/\(question.id("img-")).png"))
            : ("b64_json", .string(Self.pixel))
        let count = min(max(question.document["n"]?.integerValue ?? 1, 1), 10)
        return json(
            .object(
                [
                    ("created", .integer(question.created)),
                    ("data", .array(Array(repeating: .object([image]), count: count))),
                ] + format + [("usage", usage)]))
    }

    /// A PNG of one white pixel.
    private static let pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJg"
        + "gg=="

    /// `POST /audio/speech`: bytes that are no text, in several chunks, or the event stream.
    func speech() -> SimulatedResponse {
        var generator = SplitMix64(state: UInt64(question.request.arrival))
        let chunks: [[UInt8]] = (0..<4).map { _ in
            (0..<512).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        if question.document["stream_format"]?.stringValue == "sse" {
            return speechEvents(chunks)
        }
        let types = [
            "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav",
            "pcm": "audio/pcm",
        ]
        let format = question.document["response_format"]?.stringValue ?? "mp3"
        let contentType = types[format] ?? "audio/mpeg"
        return SimulatedResponse(
            [
                .head(
                    status: 200, headers: [("content-type", contentType)] + headers,
                    framing: .chunked),
                // 0xff cannot stand in UTF-8: whoever takes the body for text fails at once.
                .bytes([0xff, 0xfb]),
            ] + chunks.map { .bytes($0) } + [.end()])
    }

    private func speechEvents(_ chunks: [[UInt8]]) -> SimulatedResponse {
        let deltas: [JSONValue] = chunks.map { chunk in
            ["type": "speech.audio.delta", "audio": .string(Self.base64(chunk))]
        }
        let usage: JSONValue = [
            "input_tokens": .integer(question.promptTokens),
            "output_tokens": 64,
            "total_tokens": .integer(question.promptTokens + 64),
        ]
        return namedEvents(
            deltas + [
                ["type": "speech.audio.done", "usage": usage]
            ])
    }
}
