import NIOCore
import RepriseCore

/// A request as bytes for the wire (RFC 9112 §3).
struct SerializedRequest {
    /// The head, and a short body behind it.
    var bytes: ByteBuffer
    /// A body that is too long to be copied.
    var longBody: ByteBuffer?
    /// A body that is still coming.
    var upload: Upload?
    /// Whether the response has no body, whatever its head says.
    var isHead: Bool

    /// A body that is still coming.
    struct Upload {
        var stream: RequestBodyStream
        /// Its length in bytes; nil when it is sent chunked.
        var length: Int64?
    }

    /// Bytes of a body that is copied behind its head, which costs less than a second buffer.
    private static let shortBody = 8192

    /// Writes a request.
    ///
    /// Nothing is decoded, encoded or left out: what may not stand where it stands is refused, so
    /// that no request can end early or begin another one.
    ///
    /// - Throws: ``UpstreamError/unsendable(_:)``.
    init(_ request: UpstreamRequest, to origin: UpstreamOrigin) throws(UpstreamError) {
        try Self.check(request)
        isHead = request.method.equals("HEAD")
        var length: Int64?
        var isChunked = false
        var shortBody: ByteBuffer?
        switch request.body {
        case .none:
            length = Self.mayLackBody(request.method) ? nil : 0
        case .bytes(let body):
            length = Int64(body.readableBytes)
            if body.readableBytes <= Self.shortBody { shortBody = body } else { longBody = body }
        case .stream(let stream, let declared):
            length = declared
            isChunked = declared == nil
            upload = Upload(stream: stream, length: declared)
        }
        // For the blanks, the line ends and the length.
        var capacity = 96 + request.method.count + origin.basePath.count + request.path.count
        capacity += origin.afterTarget.count + (request.query?.count ?? 0)
        switch request.headers {
        case .fields(let fields):
            for field in fields { capacity += field.name.count + field.value.count + 4 }
        case .lines(let lines): capacity += lines.readableBytes
        }
        if let shortBody { capacity += shortBody.readableBytes }
        bytes = ByteBufferAllocator().buffer(capacity: capacity)
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { space in
            var text = MessageText(space)
            text.append(request.method)
            text.append(UInt8(ascii: " "))
            text.append(origin.basePath)
            text.append(request.path)
            if origin.basePath.isEmpty, request.path.isEmpty { text.append(UInt8(ascii: "/")) }
            if let query = request.query {
                text.append(UInt8(ascii: "?"))
                text.append(query)
            }
            text.append(origin.afterTarget)
            switch request.headers {
            case .fields(let fields):
                for field in fields { text.append(name: field.name, value: field.value) }
            case .lines(let lines): lines.withUnsafeReadableBytes { text.append($0) }
            }
            if let length {
                text.append("content-length: ")
                text.append(Array(String(length).utf8))
                text.append("\r\n")
            } else if isChunked {
                text.append("transfer-encoding: chunked\r\n")
            }
            text.append("\r\n")
            if let shortBody { shortBody.withUnsafeReadableBytes { text.append($0) } }
            return text.count
        }
    }

    /// Whether a request without a body says nothing of its length (RFC 9110 §8.6).
    private static func mayLackBody(_ method: [UInt8]) -> Bool {
        method.equals("GET") || method.equals("HEAD") || method.equals("DELETE")
            || method.equals("OPTIONS") || method.equals("TRACE")
    }

    private static func check(_ request: UpstreamRequest) throws(UpstreamError) {
        guard request.method.isToken,
            // Its response would be the end of HTTP on the connection.
            !request.method.equals("CONNECT")
        else { throw .unsendable("its method cannot be forwarded") }
        guard request.path.isEmpty || request.path.first == UInt8(ascii: "/"),
            request.path.allSatisfy({ $0.mayStandInTarget && $0 != UInt8(ascii: "?") }),
            request.query?.allSatisfy(\.mayStandInTarget) != false
        else { throw .unsendable("its path or query holds a byte that no request target may hold") }
        guard case .fields(let fields) = request.headers else { return }
        for field in fields {
            guard field.name.isToken else {
                throw .unsendable("it has a header field whose name is not a token")
            }
            guard field.value.span.isFieldValue else {
                let name = String(decoding: field.name, as: UTF8.self)
                throw .unsendable("its header field \(name) holds a control character")
            }
            guard !field.framesMessage else {
                let name = String(decoding: field.name, as: UTF8.self)
                throw .unsendable("its header field \(name) is not the client's to forward")
            }
        }
    }
}

extension HeaderField {
    /// Whether the field says where a message goes or ends, which only the connection may say.
    fileprivate var framesMessage: Bool {
        isNamed("host") || isNamed("content-length") || isNamed("transfer-encoding")
    }
}

extension [UInt8] {
    fileprivate var isToken: Bool { !isEmpty && allSatisfy(\.mayStandInToken) }
}
