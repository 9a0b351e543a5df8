import RepriseCore

/// A request whose upstream call is under way.
public struct Forward: Sendable {
    /// The request's view of the call.
    public let reader: FlightReader
    let cause: Cause
    let mayStore: Bool
    let isCollapsed: Bool

    /// Whether others may be given the same response.
    var isCacheable: Bool { cause.reason != .bypass && cause.reason != .method }

    /// Whether the client's response begins only when its body is whole.
    func awaitsBody(_ head: ResponseHead) -> Bool {
        mayStore && head.status == 200 && head.isJSON
    }

    /// Why a request goes upstream, and what is left to fall back on.
    struct Cause: Sendable {
        var reason: ForwardReason
        var detail: CacheStatus.Detail?
        /// A stale response to be given if the upstream fails.
        var stale: ProxyResponse?
    }
}

/// A request that goes upstream as it is.
public struct PassThrough: Sendable {
    let request: ProxyRequest
    let reason: BypassReason

    /// Whether a request body is to be streamed to the upstream.
    public var streamsBody: Bool { request.hasBody }
}

extension CachingProxy {
    /// Waits for the upstream's response and gives it as the client is to see it.
    ///
    /// A JSON document is waited for whole, as long as it may be stored: only then is it known
    /// whether it was, and one that breaks off is an error rather than half an answer. Everything
    /// else is passed on as it comes.
    public func response(to forward: Forward) async -> ProxyResponse {
        response(to: forward, await forward.reader.arrival(forward.awaitsBody))
    }

    /// The same without waiting.
    ///
    /// - Parameter wake: Called once, on any thread, when it is worth asking again.
    /// - Returns: nil when there is nothing yet.
    public func response(
        to forward: Forward, orElse wake: @escaping @Sendable () -> Void
    ) -> ProxyResponse? {
        forward.reader.arrival(orElse: wake, forward.awaitsBody).map { response(to: forward, $0) }
    }

    private func response(
        to forward: Forward, _ arrival: FlightReader.Arrival
    ) -> ProxyResponse {
        switch arrival {
        case .head(let head):
            if let stale = forward.cause.stale, Freshness.isServerError(status: head.status) {
                return stale
            }
            return live(head, forward, willStore: forward.mayStore && head.status == 200)
        case .whole(let head, let length, let result):
            return live(
                head, forward, willStore: result == .stored, detail: result.detail, length: length)
        case .failure(let failure):
            if let stale = forward.cause.stale, case .upstream = failure { return stale }
            return ProxyError(failure).response(cacheStatus: status(forward))
        }
    }

    /// - Parameter length: Bytes of the body, once it is whole.
    private func live(
        _ head: ResponseHead, _ forward: Forward, willStore: Bool,
        detail: CacheStatus.Detail? = nil, length: Int? = nil
    ) -> ProxyResponse {
        let isCacheable = forward.isCacheable
        let status = status(forward, stored: willStore, detail: detail)
        var headers = HeaderPolicy.toClient(head.headers, cacheable: isCacheable)
        let value = status.value(after: headers)
        headers.removeAll {
            $0.isNamed("cache-status") || length != nil && $0.isNamed("content-length")
        }
        headers.reserveCapacity(headers.count + 2)
        if let length {
            headers.append(
                HeaderField(name: Self.contentLength, value: Array(String(length).utf8)))
        }
        headers.append(HeaderField(name: Self.cacheStatus, value: value))
        return ProxyResponse(
            status: head.status, headers: headers, body: .live(forward.reader),
            cacheStatus: status)
    }

    private static let contentLength = [UInt8]("content-length")
    private static let cacheStatus = [UInt8]("cache-status")

    private func status(
        _ forward: Forward, stored: Bool = false, detail: CacheStatus.Detail? = nil
    ) -> CacheStatus {
        let isCollapsed = forward.isCollapsed || forward.reader.isAnsweredByOthers
        return .forward(
            forward.cause.reason, stored: stored && !isCollapsed, collapsed: isCollapsed,
            detail: forward.cause.detail ?? detail)
    }
}

extension ResponseHead {
    fileprivate var isJSON: Bool {
        let type = headers.first(named: "content-type") ?? []
        return HeaderField(name: Array(type.prefix(16)), value: []).isNamed("application/json")
    }
}

extension StoringResult {
    /// Why a whole response was not stored, as `Cache-Status` says it; nil when it was.
    fileprivate var detail: CacheStatus.Detail? {
        if case .rejected(let rejection) = self { .rejection(rejection) } else { nil }
    }
}
