import NIOCore
import RepriseCore
import RepriseProxy

/// Looks a plain request up without handing it to a task: what it takes when its very bytes are
/// not known, and the store may have what it asks for.
struct DirectLookup: Sendable {
    /// Where responses are looked for.
    let proxy: CachingProxy
    /// Where requests lead.
    let routes: RouteTable

    /// The longest body that is canonicalised on the event loop, in bytes.
    private static let longestBody = 128 << 10

    /// What a whole plain request asks of the cache.
    ///
    /// - Parameters:
    ///   - request: What the scan found.
    ///   - buffer: Begins with the request.
    /// - Returns: nil for a request that the full path has to judge.
    func inquiry(of request: PlainRequest, in buffer: ByteBuffer) -> Inquiry? {
        guard request.bodyLength <= Self.longestBody,
            let body = buffer.getSlice(
                at: buffer.readerIndex + request.headLength, length: request.bodyLength)
        else { return nil }
        let head = PlainHead(buffer.readableBytesUInt8Span.extracting(first: request.headLength))
        guard case .upstream(let index, let path, let query) = routes.route(target: head.target)
        else { return nil }
        let requestHead = RequestHead(
            method: head.method, path: path, query: query, headers: head.fields())
        return proxy.inquiry(of: requestHead, upstream: index, body: body)
    }
}
