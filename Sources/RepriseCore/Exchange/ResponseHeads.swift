/// The heads that clients get, each made in one place.
enum ResponseHeads {
    /// A stored response as a client sees it: the stored header fields, how old it is
    /// (RFC 9111 §5.1), and what the cache did.
    static func stored(_ metadata: EntryMetadata, _ status: CacheStatus, now: Int64) -> ResponseHead
    {
        var headers = metadata.headers
        headers.reserveCapacity(headers.count + 2)
        var age: [UInt8] = []
        age.append(decimal: Freshness.age(storedAt: metadata.storedAt, now: now))
        headers.append(HeaderField(name: .init("age"), value: age))
        headers.append(status.field)
        return ResponseHead(status: metadata.status, headers: headers)
    }

    /// The head of a live response as the client is to see it.
    ///
    /// - Parameters:
    ///   - isCacheable: Whether others may be given the same response.
    ///   - length: Bytes of the body, once it is whole; nil leaves the upstream's `Content-Length`.
    static func live(
        _ response: ResponseHead, _ status: CacheStatus, isCacheable: Bool, length: Int64? = nil
    ) -> ResponseHead {
        var headers = HeaderPolicy.toClient(response.headers, cacheable: isCacheable)
        let value = status.value(after: headers)
        headers.removeAll {
            $0.isNamed("cache-status") || length != nil && $0.isNamed("content-length")
        }
        headers.reserveCapacity(headers.count + 2)
        if let length {
            var digits: [UInt8] = []
            digits.append(decimal: length)
            headers.append(HeaderField(name: .init("content-length"), value: digits))
        }
        headers.append(HeaderField(name: .init("cache-status"), value: value))
        return ResponseHead(status: response.status, headers: headers)
    }
}

extension CacheStatus {
    /// The status as a header field (RFC 9211 §2).
    var field: HeaderField { HeaderField(name: .init("cache-status"), value: bytes) }
}
