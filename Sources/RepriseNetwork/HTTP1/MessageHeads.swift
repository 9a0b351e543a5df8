/// How a message's body is told from what follows (RFC 9112 §6.3).
public enum BodyFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// So many bytes.
    case length(Int64)
    /// Chunks, the last one empty.
    case chunked
    /// All that comes until the connection ends; only responses.
    case untilClose
}

/// The head of an HTTP/1.x request.
public struct HTTP1RequestHead: Sendable, Equatable {
    /// The method as sent.
    public var method: [UInt8]
    /// The target as sent, in any form (RFC 9112 §3.2).
    public var target: [UInt8]
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    public var minorVersion: Int
    /// All header fields, those that frame the message included.
    public var fields: HeadFields
    /// The body's framing; never `.untilClose`.
    public var framing: BodyFraming
    /// Whether the connection may be used for another request (RFC 9112 §9.3).
    public var isPersistent: Bool
    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue: Bool

    /// Makes a head from its parts.
    public init(
        method: [UInt8], target: [UInt8], minorVersion: Int, fields: HeadFields,
        framing: BodyFraming, isPersistent: Bool, expectsContinue: Bool
    ) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.fields = fields
        self.framing = framing
        self.isPersistent = isPersistent
        self.expectsContinue = expectsContinue
    }
}

/// The head of an HTTP/1.x response.
public struct HTTP1ResponseHead: Sendable, Equatable {
    /// The status code, 100 to 999.
    public var status: Int
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    public var minorVersion: Int
    /// All header fields.
    public var fields: HeadFields
    /// The body's framing.
    public var framing: BodyFraming
    /// Whether the connection may be used for another request (RFC 9112 §9.3).
    public var isPersistent: Bool

    /// Makes a head from its parts.
    public init(
        status: Int, minorVersion: Int, fields: HeadFields, framing: BodyFraming,
        isPersistent: Bool
    ) {
        self.status = status
        self.minorVersion = minorVersion
        self.fields = fields
        self.framing = framing
        self.isPersistent = isPersistent
    }
}

/// One event of a message that is being parsed; ranges are within the bytes that were handed in.
public enum HTTP1Event<Head: Sendable & Equatable>: Sendable, Equatable {
    /// The head is complete.
    case head(Head)
    /// Bytes of the body.
    case body(Range<Int>)
    /// The message is complete.
    case end
}

/// The bounds of a message's parts; what exceeds one is refused.
public struct HTTP1Limits: Sendable {
    /// Bytes of the start line and all fields together.
    public var headBytes = 64 << 10
    /// How many fields a head may have.
    public var fields = 256
    /// Bytes of one chunk's size line, extensions included (RFC 9112 §7.1.1).
    public var chunkLine = 4 << 10
    /// Bytes of all trailer fields together.
    public var trailers = 16 << 10
    /// Interim responses (1xx) before the final one.
    public var interimResponses = 8

    /// The default bounds.
    public init() {}
}

/// Why a message is refused.
public enum HTTP1Error: Error, Equatable, Sendable {
    /// The head has too many bytes or fields.
    case headTooLarge
    /// The bytes are not a message; the text names what is wrong, without quoting any of it.
    case malformed(StaticString)
    /// A transfer coding other than `chunked` (RFC 9112 §6.1); the text says which rule.
    case unknownTransferCoding
    /// A body that breaks the chunked coding.
    case malformedChunk(StaticString)
    /// The bytes end within a message.
    case truncated

    /// Compares case and text.
    public static func == (one: Self, other: Self) -> Bool {
        switch (one, other) {
        case (.headTooLarge, .headTooLarge), (.unknownTransferCoding, .unknownTransferCoding),
            (.truncated, .truncated):
            true
        case (.malformed(let left), .malformed(let right)),
            (.malformedChunk(let left), .malformedChunk(let right)):
            left.description == right.description
        default: false
        }
    }
}
