import AsyncHTTPClient
import NIOHTTP1
import RepriseCore

extension HTTPClient.Request {
    /// A request as the HTTP client takes it. A body that is still coming is left out.
    ///
    /// - Throws: `HTTPClientError` for a URL that cannot be used.
    init(_ request: UpstreamRequest) throws {
        try self.init(
            url: request.url, method: HTTPMethod(rawValue: request.method),
            headers: HTTPHeaders(request.headers))
        if case .bytes(let bytes) = request.body { body = .byteBuffer(bytes) }
    }
}

extension HTTPHeaders {
    /// Header fields as the HTTP client takes them.
    init(_ fields: [HeaderField]) {
        self.init()
        reserveCapacity(fields.count + 2)
        for field in fields {
            add(
                name: String(decoding: field.name, as: UTF8.self),
                value: String(decoding: field.value, as: UTF8.self))
        }
    }
}

extension ResponseHead {
    /// The head of a response as the HTTP client gives it.
    init(status: HTTPResponseStatus, headers: HTTPHeaders) {
        self.init(
            status: Int32(status.code),
            headers: headers.map {
                HeaderField(name: Array($0.name.utf8), value: Array($0.value.utf8))
            })
    }

    /// Whether the head says where the body ends (RFC 9112 §6.3). A body that lasts until the
    /// connection closes is not proven to be whole.
    var delimitsItsBody: Bool {
        if status == 204 || status == 304 { return true }
        return headers.contains { field in
            field.isNamed("content-length")
                || field.isNamed("transfer-encoding") && field.value.hasSuffix("chunked")
        }
    }
}

extension [UInt8] {
    /// Compares the end with a literal, ASCII letters in either case.
    fileprivate func hasSuffix(_ literal: StaticString) -> Bool {
        let end = suffix(literal.utf8CodeUnitCount)
        return HeaderField(name: Array(end), value: []).isNamed(literal)
    }
}
