import NIOCore
import RepriseCore
import RepriseProxy
import RepriseStorage

/// Takes a plain request through the proxy without handing it to a task: what it takes when its
/// very bytes are not known.
struct DirectLookup: Sendable {
    /// Where responses are looked for, and upstreams are called.
    let proxy: CachingProxy
    /// Where requests lead.
    let routes: RouteTable
    /// Where requests that are not hits are logged.
    let log: AccessLog

    /// The longest body that is canonicalised on the event loop, in bytes.
    private static let longestBody = 128 << 10

    /// What a whole plain request asks of the cache, and where it leads.
    ///
    /// An object, since a request that waits is handed from one closure to the next.
    final class Demand: Sendable {
        /// What is asked of the cache.
        let inquiry: Inquiry
        /// The head, of whose fields only those are there that the cache depends on.
        fileprivate let head: RequestHead
        fileprivate let upstream: Int
        fileprivate let target: [UInt8]

        fileprivate init(inquiry: Inquiry, head: RequestHead, upstream: Int, target: [UInt8]) {
            self.inquiry = inquiry
            self.head = head
            self.upstream = upstream
            self.target = target
        }
    }

    /// What a whole plain POST asks for.
    ///
    /// - Parameters:
    ///   - request: What the scan found.
    ///   - keyed: The keyed parts that it gave.
    ///   - buffer: Begins with the request.
    /// - Returns: nil for a request that the full path has to judge.
    func demand(of request: PlainRequest, keyed: [UInt8], in buffer: ByteBuffer) -> Demand? {
        guard request.bodyLength <= Self.longestBody,
            let body = buffer.getSlice(
                at: buffer.readerIndex + request.headLength, length: request.bodyLength)
        else { return nil }
        let parts = KeyedParts(keyed)
        guard case .upstream(let index, let path, let query) = routes.route(target: parts.target)
        else { return nil }
        let head = RequestHead(method: Self.method, path: path, query: query, headers: parts.fields)
        return proxy.inquiry(of: head, upstream: index, body: body).map {
            Demand(inquiry: $0, head: head, upstream: index, target: parts.target)
        }
    }

    /// Begins the exchange of a request that no fresh response was found for.
    ///
    /// - Parameters:
    ///   - demand: What ``demand(of:keyed:in:)`` gave.
    ///   - stored: A response that was found and is not fresh, if any.
    ///   - buffer: Begins with the request.
    func exchange(
        _ demand: Demand, stored: CachedResponse?, _ request: PlainRequest, in buffer: ByteBuffer
    ) -> DirectExchange {
        let entry = log.entry(
            method: "POST", target: String(decoding: demand.target, as: UTF8.self))
        let reply = proxy.reply(
            to: demand.inquiry, head: demand.head, upstream: demand.upstream, stored: stored
        ) {
            .lines(request.forwardedLines(in: buffer))
        }
        return DirectExchange(reply, proxy: proxy, log: log, entry)
    }

    private static let method = Array("POST".utf8)
}
