import RepriseCore

/// A response made here rather than upstream, in the OpenAI error shape.
///
/// Status, code and message are those of the native server.
struct OwnError {
    /// The status code.
    var status: Int32
    /// A token for programs, such as `upstream_unreachable`.
    var code: StaticString
    /// What was wrong and what to do, for people.
    var message: [UInt8]
    /// What `x-should-retry` tells the official SDKs; nil leaves it to the status.
    var shouldRetry: Bool?

    /// The error as a step.
    ///
    /// - Parameter cacheStatus: What `Cache-Status` says; nil for a request that no route took.
    func step(_ cacheStatus: CacheStatus? = nil) -> Step {
        var headers = [HeaderField(name: .init("content-type"), value: .init("application/json"))]
        if let shouldRetry {
            headers.append(
                HeaderField(
                    name: .init("x-should-retry"),
                    value: shouldRetry ? .init("true") : .init("false")))
        }
        if let cacheStatus { headers.append(cacheStatus.field) }
        return .respond(
            Step.Answer(status: status, headers: headers),
            .inline(ErrorBody.json(message: message, code: code)))
    }

    /// No route has that name.
    static func unknownRoute(names: [[UInt8]]) -> OwnError {
        var message = [UInt8]("There is no such route here. The routes are: ")
        for name in [[UInt8]("proxy"), [UInt8]("v1")] + names {
            message += [UInt8]("/") + name + [UInt8]("/..., ")
        }
        message += [UInt8]("/health, /ready.")
        return OwnError(status: 404, code: "unknown_route", message: message)
    }

    /// An upgrade that is not proxied.
    static let webSocket = OwnError(
        status: 501, code: "websocket_not_supported",
        message: .init("WebSocket connections are not proxied; connect to the upstream."))

    /// A variable of the Worker cannot be used.
    static func invalidSetting(_ message: [UInt8]) -> OwnError {
        OwnError(status: 500, code: "invalid_setting", message: message, shouldRetry: false)
    }

    /// A directive cannot be understood.
    static func invalid(_ error: DirectiveError) -> OwnError {
        OwnError(status: 400, code: error.code, message: error.message)
    }

    /// The request's body is too long to be read.
    static func bodyTooLarge(limit: Int64) -> OwnError {
        var message = [UInt8]("The request body is longer than ")
        message.append(decimal: limit)
        message += [UInt8](" bytes, the limit of MAX_BODY.")
        return OwnError(status: 413, code: "request_too_large", message: message)
    }

    /// The request's body ended early.
    static let incompleteRequest = OwnError(
        status: 400, code: "incomplete_request",
        message: .init("The request body ended before it was complete."))

    /// Nothing usable is stored, and the upstream must not be asked.
    static let notCached = OwnError(
        status: 504, code: "not_cached",
        message: .init(
            "No stored response can be used, and only-if-cached forbids asking the upstream."),
        shouldRetry: false)

    /// The upstream gave no usable response.
    static func upstream(_ failure: UpstreamFailure, reason: [UInt8]) -> OwnError {
        switch failure {
        case .unreachable:
            OwnError(
                status: 502, code: "upstream_unreachable",
                message: .init("The upstream cannot be reached: ") + reason)
        case .timedOut:
            OwnError(
                status: 504, code: "upstream_timeout",
                message: .init("The upstream did not answer in time."))
        case .connectionLost:
            OwnError(
                status: 502, code: "upstream_connection_lost",
                message: .init(
                    "The upstream closed the connection before its response was complete."))
        }
    }
}

/// Why an upstream gave no usable response.
enum UpstreamFailure: UInt8 {
    /// No connection; the reason says why.
    case unreachable = 0
    /// Nothing came in the time allowed.
    case timedOut = 1
    /// The connection ended before the response did.
    case connectionLost = 2
}

extension CacheStatus {
    /// The status as a header field (RFC 9211 §2).
    var field: HeaderField { HeaderField(name: .init("cache-status"), value: bytes) }
}

extension Array where Element == UInt8 {
    /// Appends a whole number in decimal ASCII digits, with a `-` before a negative one.
    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var magnitude = number.magnitude
        let start = count
        repeat {
            insert(0x30 + UInt8(magnitude % 10), at: start)
            magnitude /= 10
        } while magnitude > 0
    }
}
