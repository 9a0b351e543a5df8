public import NIOCore
public import RepriseCore

/// A response as the client is to see it.
public struct ProxyResponse: Sendable {
    /// The status code.
    public var status: Int32
    /// All header fields, `Cache-Status` among them, without hop-by-hop ones.
    public var headers: [HeaderField]
    /// The body.
    public var body: Body
    /// What the cache did, for the log.
    public var cacheStatus: CacheStatus?

    /// Makes a response from its parts.
    public init(status: Int32, headers: [HeaderField], body: Body, cacheStatus: CacheStatus?) {
        self.status = status
        self.headers = headers
        self.body = body
        self.cacheStatus = cacheStatus
    }

    /// Where the body comes from.
    public enum Body: Sendable {
        /// All of it, at once.
        case complete(ByteBuffer)
        /// An upstream's response as it comes.
        case live(FlightReader)
    }

    /// Passes the body on, in order, as it comes.
    ///
    /// - Parameter write: Takes some buffers; it may suspend to hold the upstream back.
    /// - Throws: What `write` throws, or ``FlightFailure`` when the body ends before it is whole:
    ///   the client's response must then be cut, never ended cleanly.
    public func forEachBatch(_ write: ([ByteBuffer]) async throws -> Void) async throws {
        switch body {
        case .complete(let buffer):
            try await write([buffer])
        case .live(let reader):
            while let buffers = try await reader.next() {
                try await write(buffers)
            }
        }
    }

    /// What the cache did, once the body has been passed on: a stream that was to be stored may
    /// not have been.
    public var finalCacheStatus: CacheStatus? {
        guard case .live(let reader) = body,
            case .rejected(let rejection) = reader.storingResult,
            case .forward(let reason, stored: true, let collapsed, _) = cacheStatus
        else { return cacheStatus }
        return .forward(reason, collapsed: collapsed, detail: .rejection(rejection))
    }

    /// The body's length in bytes where it is known before it is sent.
    public var knownLength: Int? {
        if case .complete(let buffer) = body { buffer.readableBytes } else { nil }
    }
}
