/// Turns the steps of one response into bytes (RFC 9112 §4, §6, §7.1), and knows nothing of sockets.
///
/// It does not use the network room's writer, which would let no wrong message through: here what a
/// script says is written, whatever it is.
struct ResponseFramer {
    private var framing: SimulatedResponse.Framing = .verbatim
    private let omitsBody: Bool

    /// Makes a framer.
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
    func informational(status: Int, headers: HeaderList) -> [UInt8] {
        Self.head(status: status, headers: headers)
    }

    /// The head of the final response.
    mutating func head(
        status: Int, headers: HeaderList, framing: SimulatedResponse.Framing
    ) -> [UInt8] {
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
    func bytes(_ bytes: [UInt8]) -> [UInt8] {
        guard !omitsBody, !bytes.isEmpty else { return [] }
        guard framing == .chunked else { return bytes }
        var chunk: [UInt8] = []
        chunk.reserveCapacity(bytes.count + 20)
        chunk += String(bytes.count, radix: 16).utf8
        chunk += "\r\n".utf8
        chunk += bytes
        chunk += "\r\n".utf8
        return chunk
    }

    /// What ends the body cleanly.
    func end(trailers: HeaderList) -> [UInt8] {
        guard framing == .chunked, !omitsBody else { return [] }
        var end = Array("0\r\n".utf8)
        Self.append(trailers, to: &end)
        return end
    }

    private static func head(status: Int, headers: HeaderList) -> [UInt8] {
        var head = Array("HTTP/1.1 \(status) \(reason(status))\r\n".utf8)
        append(headers, to: &head)
        return head
    }

    private static func append(_ headers: HeaderList, to bytes: inout [UInt8]) {
        for (name, value) in headers {
            bytes += "\(name): \(value)\r\n".utf8
        }
        bytes += "\r\n".utf8
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
