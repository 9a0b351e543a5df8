public import NIOCore
public import RepriseCore

/// A request as it goes to an upstream.
struct UpstreamRequest: Sendable {
    /// Index into ``ProxyConfiguration/upstreams``.
    var upstream: Int
    var method: [UInt8]
    /// The path below the upstream's base, byte for byte as the client sent it.
    var path: [UInt8]
    /// The query, byte for byte as the client sent it; nil when there is no `?`.
    var query: [UInt8]?
    var headers: ForwardedHeaders
    var body: Body

    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// - Parameter length: Bytes, when the client said; else it is sent chunked.
        case stream(RequestBodyStream, length: Int64?)
    }
}

/// The header fields of a request as they go upstream: without those that ``HeaderPolicy`` drops,
/// and those that the connection writes itself.
public enum ForwardedHeaders: Sendable {
    case fields([HeaderField])
    /// Field lines for the wire, each with its CRLF, that nobody could read in another way.
    case lines(ByteBuffer)
}

/// A request body that arrives piece by piece, read once.
public typealias RequestBodyStream = any AsyncSequence<ByteBuffer, any Error> & Sendable
