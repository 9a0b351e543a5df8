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

    /// What a whole plain request asks of the cache: a POST.
    ///
    /// - Parameters:
    ///   - request: What the scan found.
    ///   - keyed: The keyed parts that it gave.
    ///   - buffer: Begins with the request.
    /// - Returns: nil for a request that the full path has to judge.
    func inquiry(of request: PlainRequest, keyed: [UInt8], in buffer: ByteBuffer) -> Inquiry? {
        guard request.bodyLength <= Self.longestBody,
            let body = buffer.getSlice(
                at: buffer.readerIndex + request.headLength, length: request.bodyLength)
        else { return nil }
        let parts = KeyedParts(keyed)
        guard case .upstream(let index, let path, let query) = routes.route(target: parts.target)
        else { return nil }
        let head = RequestHead(
            method: .init("POST"), path: path, query: query, headers: parts.fields)
        return proxy.inquiry(of: head, upstream: index, body: body)
    }
}
