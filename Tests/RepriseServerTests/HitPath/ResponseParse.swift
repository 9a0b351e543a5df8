import NIOCore
import NIOEmbedded
import NIOHTTP1

/// What a client makes of the bytes that it gets.
struct ResponseParse {
    /// A response.
    struct Response: Equatable {
        /// The status code.
        var status: UInt
        /// The fields, names in lower case, sorted.
        var fields: [String]
        /// The body.
        var body = ""

        /// The value of the field with a name.
        func value(_ name: String) -> String? {
            fields.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    /// The whole responses, in order.
    private(set) var responses: [Response] = []

    /// Parses.
    ///
    /// - Throws: What the decoder throws.
    init(_ bytes: [UInt8]) throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([
            HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
        ])
        // The decoder is to know of a request for each response; some more do no harm.
        for _ in 0...bytes.count / 40 {
            let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
        }
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        try take(from: channel)
    }

    private var current: Response?

    private mutating func take(from channel: EmbeddedChannel) throws {
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let head):
                let fields = head.headers.map { "\($0.name.lowercased()): \($0.value)" }
                current = Response(status: head.status.code, fields: fields.sorted())
            case .body(let body):
                current?.body += String(buffer: body)
            case .end:
                if let whole = current.take() { responses.append(whole) }
            }
        }
    }
}
