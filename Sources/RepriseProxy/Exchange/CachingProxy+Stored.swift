import NIOCore
import RepriseCore
public import RepriseStorage

extension CachingProxy {
    /// What a stored response is good for.
    enum Judgement {
        case hit(ProxyResponse)
        case forward(Forward.Cause)
    }

    /// Judges a stored response by its freshness and what the request asks for (RFC 9111 §4.2).
    func judge(_ stored: CachedResponse, _ directives: Directives) -> Judgement {
        let metadata = stored.metadata
        let now = clock.now()
        let verdict = Freshness.judge(
            storedAt: metadata.storedAt, ttl: metadata.ttl, directives: directives, now: now)
        switch verdict {
        case .fresh(let ttl):
            return .hit(replay(stored, .hit(ttl: ttl), now: now))
        case .stale(let ttl):
            return .hit(replay(stored, .hit(ttl: ttl), now: now))
        case .unusable(let reason):
            return .forward(
                Forward.Cause(reason: reason, stale: fallback(stored, directives, now: now)))
        }
    }

    /// A stored response for a request that takes any fresh one; nil when it is not fresh.
    public func replay(_ stored: CachedResponse) -> ProxyResponse? {
        if case .hit(let response) = judge(stored, Directives()) { response } else { nil }
    }

    /// A stale response that may stand in when the upstream fails (RFC 5861 §4).
    private func fallback(
        _ stored: CachedResponse, _ directives: Directives, now: Int64
    ) -> ProxyResponse? {
        Freshness.allowsStaleIfError(
            storedAt: stored.metadata.storedAt, ttl: stored.metadata.ttl, directives: directives,
            now: now
        ).map { replay(stored, .hit(ttl: $0, detail: .staleIfError), now: now) }
    }

    /// A stored response as a client sees it: the same status and bytes, the stored headers, and
    /// how old it is (RFC 9111 §5.1).
    private func replay(
        _ stored: CachedResponse, _ cacheStatus: CacheStatus, now: Int64
    ) -> ProxyResponse {
        let metadata = stored.metadata
        var headers = metadata.headers
        let age = Freshness.age(storedAt: metadata.storedAt, now: now)
        headers.append(HeaderField(name: .init("age"), value: Array(String(age).utf8)))
        headers.append(cacheStatus.field)
        return ProxyResponse(
            status: metadata.status, headers: headers, body: .complete(stored.body),
            cacheStatus: cacheStatus)
    }
}

extension CacheStatus {
    /// The status as a header field (RFC 9211 §2).
    var field: HeaderField {
        HeaderField(name: .init("cache-status"), value: bytes)
    }
}
