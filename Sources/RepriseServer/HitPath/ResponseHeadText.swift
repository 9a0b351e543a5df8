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
        var reason = HTTPResponseStatus(statusCode: Int(response.status)).reasonPhrase
        // For the status line, the framing, the date and the empty line.
        var capacity = 160 + reason.utf8.count
        for field in response.headers { capacity += field.name.count + field.value.count + 4 }
        writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { space in
            var text = TextWriter(space)
            text.write("HTTP/1.1 ")
            text.write(Int64(response.status))
            text.write(" ")
            reason.withUTF8 { text.write(UnsafeRawBufferPointer($0)) }
            text.write("\r\n")
            var hasDate = false
            for field in response.headers {
                if framing == .none, field.isNamed("content-length") { continue }
                hasDate = hasDate || field.isNamed("date")
                text.write(field)
            }
            if framing != .none, let length = response.knownLength {
                text.write("content-length: ")
                text.write(Int64(length))
                text.write("\r\n")
            }
            if framing == .chunked { text.write("transfer-encoding: chunked\r\n") }
            if !hasDate {
                var date = HTTPDate.now()
                text.write("date: ")
                date.withUTF8 { text.write(UnsafeRawBufferPointer($0)) }
                text.write("\r\n")
            }
            text.write("\r\n")
            return text.count
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

extension TextWriter {
    /// Writes a field line whose value cannot end it: it may come from a store that others write to.
    fileprivate mutating func write(_ field: HeaderField) {
        write(field.name)
        write(": ")
        let start = count
        write(field.value)
        replaceLineEnds(from: start)
        write("\r\n")
    }
}
