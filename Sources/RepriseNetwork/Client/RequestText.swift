/// A request as bytes for the wire (RFC 9112 §3).
struct RequestText {
    /// The head, and a short body behind it.
    var bytes: [UInt8]
    /// A body that is too long to be copied.
    var longBody: [UInt8]?
    /// A body that is still coming.
    var upload: Upload?
    /// What the method says about the response.
    var kind: HTTP1ResponseParser.RequestKind
    /// Whether it asks for the connection to be closed.
    var saysClose = false

    /// A body that is still coming.
    struct Upload: Equatable {
        /// Bytes that are missing; nil when it is sent in chunks.
        var left: Int64?
    }

    /// Bytes of a body that is copied behind its head, which costs less than a second write.
    private static let shortBody = 8192

    /// Bytes of the request, as far as they are known.
    var count: Int { bytes.count + (longBody?.count ?? 0) }

    /// Writes a request.
    ///
    /// Nothing is decoded, encoded or left out: what may not stand where it stands is refused, so
    /// that no request can end early or begin another one.
    ///
    /// - Throws: ``ClientError/unsendable(_:)``.
    init(_ request: ClientRequest, by route: Route) throws(ClientError) {
        try Self.check(request)
        kind = HTTP1ResponseParser.RequestKind(method: request.method)
        let origin = request.origin
        var target = request.target
        if case .forward = route { target = Array("http://\(origin.authority)".utf8) + target }
        bytes = []
        var capacity = 160 + target.count
        for field in request.fields { capacity += field.name.count + field.value.count + 4 }
        if case .bytes(let body) = request.body, body.count <= Self.shortBody {
            capacity += body.count
        }
        bytes.reserveCapacity(capacity)
        HTTP1MessageWriter.appendRequestLine(method: request.method, target: target, to: &bytes)
        HTTP1MessageWriter.appendField(
            "host", value: Array(origin.authority.utf8).span, to: &bytes)
        for field in request.fields {
            HTTP1MessageWriter.appendCheckedField(field.name, field.value, to: &bytes)
            if field.name.span.equalsIgnoringCase("connection") { readConnection(field.value) }
        }
        if case .forward(let proxy) = route, let authorization = proxy.authorization {
            HTTP1MessageWriter.appendField(
                "proxy-authorization", value: authorization.span, to: &bytes)
        }
        appendBody(request)
    }

    private mutating func appendBody(_ request: ClientRequest) {
        switch request.body {
        case .none:
            if !Self.mayLackBody(request.method.span) { appendLength(0) }
            HTTP1MessageWriter.appendHeadEnd(to: &bytes)
        case .bytes(let body):
            appendLength(Int64(body.count))
            HTTP1MessageWriter.appendHeadEnd(to: &bytes)
            if body.count <= Self.shortBody {
                bytes.append(contentsOf: body)
            } else {
                longBody = body
            }
        case .stream(let length):
            if let length {
                appendLength(length)
            } else {
                HTTP1MessageWriter.appendField(
                    "transfer-encoding", value: Array("chunked".utf8).span, to: &bytes)
            }
            HTTP1MessageWriter.appendHeadEnd(to: &bytes)
            if length != 0 { upload = Upload(left: length) }
        }
    }

    private mutating func appendLength(_ length: Int64) {
        HTTP1MessageWriter.appendField("content-length", number: length, to: &bytes)
    }

    private mutating func readConnection(_ value: [UInt8]) {
        value.span.forEachMember { if $0.equalsIgnoringCase("close") { saysClose = true } }
    }

    /// Whether a request without a body says nothing of its length (RFC 9110 §8.6).
    private static func mayLackBody(_ method: Span<UInt8>) -> Bool {
        method.equals("GET") || method.equals("HEAD") || method.equals("DELETE")
            || method.equals("OPTIONS") || method.equals("TRACE")
    }

    // MARK: What cannot be sent

    private static func check(_ request: ClientRequest) throws(ClientError) {
        let method = request.method.span
        // The response to a CONNECT would be the end of HTTP on the connection.
        guard method.isToken, !method.equals("CONNECT") else {
            throw .unsendable("its method cannot be forwarded")
        }
        guard request.target.first == UInt8(ascii: "/"),
            request.target.allSatisfy(\.mayStandInTarget)
        else { throw .unsendable("its path or query holds a byte that no request target may hold") }
        guard !request.origin.host.isEmpty, request.origin.host.utf8.allSatisfy(\.mayStandInHost)
        else { throw .unsendable("its upstream is not a host") }
        if case .stream(let length?) = request.body, length < 0 {
            throw .unsendable("the length of its body is negative")
        }
        for field in request.fields {
            guard field.name.span.isToken else {
                throw .unsendable("it has a header field whose name is not a token")
            }
            guard field.value.span.isFieldValue else {
                throw .unsendable("its header field \(text(field.name)) holds a control character")
            }
            guard !isOurs(field.name.span) else {
                throw .unsendable(
                    "its header field \(text(field.name)) is not the client's to forward")
            }
        }
    }

    /// Whether a field says where a message goes or ends, or speaks to the proxy: only the
    /// connection may say that.
    private static func isOurs(_ name: Span<UInt8>) -> Bool {
        name.equalsIgnoringCase("host") || name.equalsIgnoringCase("content-length")
            || name.equalsIgnoringCase("transfer-encoding")
            || name.equalsIgnoringCase("proxy-authorization")
    }

    private static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
}
