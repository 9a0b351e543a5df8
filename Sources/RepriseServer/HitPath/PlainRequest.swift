/// A whole HTTP/1.1 request that is written so plainly that nobody could read it in another way
/// (RFC 9112): the only kind that the hit path takes for itself.
///
/// Line ends are CRLF, values are printable ASCII, nothing is folded, the body has exactly one
/// `Content-Length`, no field asks for anything special, and none that the cache key depends on is
/// repeated. What is not plain may still be a valid request: the full parser decides.
struct PlainRequest: Equatable {
    /// Bytes of the head, the empty line included.
    var headLength: Int
    /// Bytes of the body.
    var bodyLength: Int
    /// Whether it may be one that the cache knows: a POST of JSON.
    var mayBeKnown: Bool

    /// Bytes of the whole request.
    var length: Int { headLength + bodyLength }

    /// What a look at the first bytes of a connection, or those behind a request, comes to.
    enum Outcome: Equatable {
        /// The head of a plain request is there, perhaps not all of its body.
        case head(PlainRequest)
        /// So far it is plain, but the head does not end here.
        case incomplete
        /// It is for the full parser to say what this is.
        case notPlain
    }

    /// The longest head that is looked at, in bytes.
    static let longestHead = 16 << 10
    /// The most fields that are looked at.
    static let mostFields = 128

    /// Looks at a head.
    ///
    /// - Parameters:
    ///   - bytes: What has come, beginning with the request line.
    ///   - keyed: Gets, in place of what it held, what the cache key depends on in the head: in a
    ///     form from which these parts could be told again.
    static func scan(_ bytes: Span<UInt8>, keyed: inout [UInt8]) -> Outcome {
        keyed.removeAll(keepingCapacity: true)
        var scanner = PlainHeadScanner(bytes)
        var outcome = Outcome.notPlain
        keyed.append(addingCapacity: scanner.mostKeyed) { output in
            outcome = scanner.scan(&output, bytes)
        }
        return outcome
    }
}
