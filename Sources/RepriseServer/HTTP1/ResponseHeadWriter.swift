import RepriseCore
import RepriseNetwork

/// How the end of a response's body is told to an HTTP/1.x client (RFC 9112 §6).
enum ResponseFraming: Equatable {
    /// The request or the status allows no body.
    case none
    /// By `Content-Length`, which is one of the head's fields.
    case declared
    /// By `Content-Length`, which is written beside the head's fields.
    case length(Int)
    /// By chunks.
    case chunked
    /// By the end of the connection: HTTP/1.0.
    case untilClose
}

/// The head of a response as HTTP/1.x has it.
enum ResponseHeadWriter {
    /// Appends a head with its empty line.
    ///
    /// - Parameters:
    ///   - minorVersion: Who asks in HTTP/1.0 is answered in it.
    ///   - date: What `Date` says where the head does not (RFC 9110 §6.6.1).
    ///   - connection: The value of `Connection`; nil for none.
    static func append(
        _ head: ResponseHead, _ framing: ResponseFraming, minorVersion: Int, date: [UInt8],
        connection: StaticString?, to bytes: inout [UInt8]
    ) {
        HTTP1MessageWriter.appendStatusLine(
            Int(head.status), minorVersion: minorVersion, to: &bytes)
        var hasDate = false
        for field in head.headers {
            hasDate = hasDate || field.isNamed("date")
            HTTP1MessageWriter.appendField(
                name: field.name.span, value: field.value.span, to: &bytes)
        }
        switch framing {
        case .length(let length):
            HTTP1MessageWriter.appendField("content-length", number: Int64(length), to: &bytes)
        case .chunked:
            HTTP1MessageWriter.appendField(
                "transfer-encoding", value: [UInt8]("chunked").span, to: &bytes)
        case .none, .declared, .untilClose:
            break
        }
        if !hasDate { HTTP1MessageWriter.appendField("date", value: date.span, to: &bytes) }
        if let connection {
            HTTP1MessageWriter.appendField(
                "connection", value: [UInt8](connection).span, to: &bytes)
        }
        HTTP1MessageWriter.appendHeadEnd(to: &bytes)
    }
}
