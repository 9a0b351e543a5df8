import NIOCore

/// Turns the steps of one response into bytes (RFC 9112 §4, §6, §7.1), and knows nothing of sockets.
struct ResponseFramer {
    private var framing: SimulatedResponse.Framing = .verbatim
    private let omitsBody: Bool

    /// Creates a framer.
    ///
    /// - Parameter omitsBody: True for the response to a HEAD request, which has no body.
    init(omitsBody: Bool) {
        self.omitsBody = omitsBody
    }

    /// Whether the end of the body is the end of the connection.
    var endsWithConnection: Bool {
        framing == .untilClose
    }

    /// An interim response.
    func informational(status: Int, headers: HeaderList) -> ByteBuffer {
        Self.head(status: status, headers: headers)
    }

    /// The head of the final response.
    mutating func head(
        status: Int, headers: HeaderList, framing: SimulatedResponse.Framing
    ) -> ByteBuffer {
        self.framing = framing
        switch framing {
        case .contentLength(let length):
            return Self.head(status: status, headers: headers + [("content-length", "\(length)")])
        case .chunked:
            return Self.head(
                status: status, headers: headers + [("transfer-encoding", "chunked")])
        case .untilClose:
            return Self.head(status: status, headers: headers + [("connection", "close")])
        case .verbatim:
            return Self.head(status: status, headers: headers)
        }
    }

    /// A piece of the body. Nothing at all for an empty one: an empty chunk would be the last.
    func bytes(_ bytes: [UInt8]) -> ByteBuffer {
        guard !omitsBody, !bytes.isEmpty else { return ByteBuffer() }
        guard framing == .chunked else { return ByteBuffer(bytes: bytes) }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytes.count + 20)
        buffer.writeString(String(bytes.count, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(bytes)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// What ends the body cleanly.
    func end(trailers: HeaderList) -> ByteBuffer {
        var buffer = ByteBuffer()
        guard framing == .chunked, !omitsBody else { return buffer }
        buffer.writeStaticString("0\r\n")
        Self.write(trailers, to: &buffer)
        return buffer
    }

    private static func head(status: Int, headers: HeaderList) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString("HTTP/1.1 \(status) \(reason(status))\r\n")
        write(headers, to: &buffer)
        return buffer
    }

    private static func write(_ headers: HeaderList, to buffer: inout ByteBuffer) {
        for (name, value) in headers {
            buffer.writeString("\(name): \(value)\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 103: "Early Hints"
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 404: "Not Found"
        case 413: "Content Too Large"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: "Simulated"
        }
    }
}
