/// The kind of a response to a request that may be cached, as far as its head tells.
///
/// Its content type decides, whether or not a stream was asked for.
enum ResponseKind: Equatable, Sendable {
    /// One that is never stored, whatever its body holds.
    case unstorable(StoreRejection)
    /// One JSON document.
    case document
    /// Server-sent events.
    case stream
    /// Sound, at the endpoint that makes it.
    case audio

    /// The kind of a response.
    init(_ head: ResponseHead, endpoint: Endpoint) {
        if let rejection = Self.rejection(of: head) {
            self = .unstorable(rejection)
            return
        }
        let type = FieldValue.mediaType(head.headers.first(named: "content-type") ?? [])
        if type.equals("text/event-stream") {
            self = .stream
        } else if type.equals("application/json") || type.ends(withLiteral: "+json") {
            self = .document
        } else if endpoint == .speech,
            type.starts(withLiteral: "audio/") || type.equals("application/octet-stream")
        {
            self = .audio
        } else {
            self = .unstorable(.contentType)
        }
    }

    private static func rejection(of head: ResponseHead) -> StoreRejection? {
        if head.status != 200 { return .status }
        for field in head.headers {
            if field.isNamed("content-encoding"),
                !FieldValue.lowercased(FieldValue.trimmed(field.value)).equals("identity")
            {
                return .contentEncoding
            }
            if field.isNamed("vary"),
                FieldValue.split(field.value, at: UInt8(ascii: ",")).contains(where: {
                    $0.equals("*")
                })
            {
                return .vary
            }
        }
        return nil
    }
}
