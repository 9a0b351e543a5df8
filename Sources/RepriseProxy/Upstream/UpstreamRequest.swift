public import NIOCore
import RepriseCore

/// A request as it goes to an upstream.
struct UpstreamRequest: Sendable {
    /// Absolute, with the path and query exactly as the client sent them.
    var url: String
    var method: String
    var headers: [HeaderField]
    var body: Body

    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// - Parameter length: Bytes, when the client said; else it is sent chunked.
        case stream(RequestBodyStream, length: Int64?)
    }
}

/// A request body that arrives piece by piece, read once.
public typealias RequestBodyStream = any AsyncSequence<ByteBuffer, any Error> & Sendable
