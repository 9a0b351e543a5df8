import NIOCore
import NIOHTTP1
import RepriseCore
import RepriseProxy

/// How the end of a response's body is told over HTTP/1.1 (RFC 9112 §6).
enum BodyFraming: Equatable {
    /// The status allows no body.
    case none
    /// By `Content-Length`.
    case length
    /// By chunks, which end with an empty one.
    case chunked

    /// The framing of a response to a POST.
    init(_ response: ProxyResponse) {
        if response.status < 200 || response.status == 204 || response.status == 304 {
            self = .none
        } else if response.knownLength != nil
            || response.headers.contains(where: { $0.isNamed("content-length") })
        {
            self = .length
        } else {
            self = .chunked
        }
    }
}

extension ByteBuffer {
    /// Writes the head of a response as HTTP/1.1 has it, with `Date` (RFC 9110 §6.6.1).
    mutating func writeHead(of response: ProxyResponse, _ framing: BodyFraming) {
        let status = HTTPResponseStatus(statusCode: Int(response.status))
        writeString("HTTP/1.1 \(response.status) \(status.reasonPhrase)\r\n")
        var hasDate = false
        for field in response.headers {
            if framing == .none, field.isNamed("content-length") { continue }
            hasDate = hasDate || field.isNamed("date")
            writeBytes(field.name)
            writeStaticString(": ")
            writeFieldValue(field.value)
            writeStaticString("\r\n")
        }
        if framing != .none, let length = response.knownLength {
            writeString("content-length: \(length)\r\n")
        }
        if framing == .chunked { writeStaticString("transfer-encoding: chunked\r\n") }
        if !hasDate { writeString("date: \(HTTPDate.now())\r\n") }
        writeStaticString("\r\n")
    }

    /// Writes a field value in which nothing can end the line: it may come from a store that others
    /// write to.
    private mutating func writeFieldValue(_ value: [UInt8]) {
        let start = writerIndex
        writeBytes(value)
        for (offset, byte) in value.enumerated() where byte == 0x0A || byte == 0x0D || byte == 0 {
            setInteger(UInt8(ascii: " "), at: start + offset)
        }
    }

    /// Writes pieces of a body, which must not all be empty, as one chunk (RFC 9112 §7.1).
    mutating func writeChunk(_ pieces: [ByteBuffer]) {
        let length = pieces.reduce(0) { $0 + $1.readableBytes }
        writeString(String(length, radix: 16))
        writeStaticString("\r\n")
        for piece in pieces {
            writeImmutableBuffer(piece)
        }
        writeStaticString("\r\n")
    }
}
