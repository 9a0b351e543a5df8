/// A response made here rather than upstream, in the OpenAI error shape.
public struct ProxyError: Error, Equatable, Sendable {
    /// The status code.
    public var status: Int32
    /// A token for programs, such as `upstream_unreachable`.
    public var code: StaticString
    /// What was wrong and what to do, for people.
    public var message: [UInt8]
    /// What `x-should-retry` tells the official SDKs; nil leaves it to the status.
    public var shouldRetry: Bool?

    /// Makes an error.
    public init(
        status: Int32, code: StaticString, message: [UInt8], shouldRetry: Bool? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.shouldRetry = shouldRetry
    }

    /// Compares all parts, the code byte for byte.
    public static func == (one: Self, other: Self) -> Bool {
        one.status == other.status && [UInt8](one.code).equals(other.code)
            && one.message == other.message && one.shouldRetry == other.shouldRetry
    }

    /// The error as a response.
    ///
    /// - Parameter cacheStatus: What `Cache-Status` says; nil for a request that no route took.
    public func response(_ cacheStatus: CacheStatus? = nil) -> WholeResponse {
        var headers = [HeaderField(name: .init("content-type"), value: .init("application/json"))]
        if let shouldRetry {
            headers.append(
                HeaderField(
                    name: .init("x-should-retry"),
                    value: shouldRetry ? .init("true") : .init("false")))
        }
        // RFC 9110 §15.5.22: it says what would be accepted.
        if status == 426 {
            headers.append(HeaderField(name: .init("upgrade"), value: .init("HTTP/1.1")))
        }
        if let cacheStatus { headers.append(cacheStatus.field) }
        return WholeResponse(
            head: ResponseHead(status: status, headers: headers),
            body: .bytes(ErrorBody.json(message: message, code: code)))
    }
}

extension ProxyError {
    /// No route has that name.
    static func unknownRoute(names: [[UInt8]]) -> ProxyError {
        var message = [UInt8]("There is no such route here. The routes are: ")
        for name in [[UInt8]("proxy"), [UInt8]("v1")] + names {
            message += [UInt8]("/") + name + [UInt8]("/..., ")
        }
        message += [UInt8]("/health, /ready.")
        return ProxyError(status: 404, code: "unknown_route", message: message)
    }

    /// A target that names another host, or asks for a tunnel (RFC 9110 §15.5.20).
    static let notForwardProxy = ProxyError(
        status: 421, code: "not_a_forward_proxy",
        message: .init(
            "This is not a forward proxy; set the client's base URL, and not HTTP_PROXY."),
        shouldRetry: false)

    /// A path that leads out of what it stands below.
    static let dotSegment = ProxyError(
        status: 400, code: "invalid_path",
        message: .init("The path has a segment . or .. in it; send the path that is meant."))

    /// A request that has passed here before: an upstream's base URL leads back to this server.
    static let loop = ProxyError(
        status: 508, code: "loop_detected",
        message: .init(
            "The request has passed this proxy before: an upstream's base URL leads back to it."),
        shouldRetry: false)

    /// An upgrade to a WebSocket. Some clients fall back to HTTP on this status alone.
    static let webSocket = ProxyError(
        status: 426, code: "websocket_not_supported",
        message: .init(
            "WebSocket connections are not proxied; use HTTP here, or connect to the upstream."))

    /// A directive that cannot be understood.
    static func invalid(_ error: DirectiveError) -> ProxyError {
        ProxyError(status: 400, code: error.code, message: error.message)
    }

    /// The request's body is too long to be read.
    ///
    /// - Parameter setting: What sets the limit.
    static func bodyTooLarge(limit: Int64, setting: StaticString) -> ProxyError {
        var message = [UInt8]("The request body is longer than ")
        message.append(decimal: limit)
        message += [UInt8](" bytes, the limit of ") + [UInt8](setting) + [UInt8](".")
        return ProxyError(status: 413, code: "request_too_large", message: message)
    }

    /// The request's body ended early.
    static let incompleteRequest = ProxyError(
        status: 400, code: "incomplete_request",
        message: .init("The request body ended before it was complete."))

    /// Nothing usable is stored, and the upstream must not be asked.
    static let notCached = ProxyError(
        status: 504, code: "not_cached",
        message: .init(
            "No stored response can be used, and only-if-cached forbids asking the upstream."),
        shouldRetry: false)

    /// The upstream gave no usable response.
    static func upstream(_ failure: FetchFailure) -> ProxyError {
        switch failure {
        case .unreachable(let reason):
            ProxyError(
                status: 502, code: "upstream_unreachable",
                message: .init("The upstream cannot be reached: ") + reason)
        case .timedOut:
            ProxyError(
                status: 504, code: "upstream_timeout",
                message: .init("The upstream did not answer in time."))
        case .connectionLost:
            ProxyError(
                status: 502, code: "upstream_connection_lost",
                message: .init(
                    "The upstream closed the connection before its response was complete."))
        case .malformedResponse(let reason):
            ProxyError(
                status: 502, code: "upstream_malformed_response",
                message: .init("The upstream's response is malformed: ") + reason)
        case .unsendable(let reason):
            ProxyError(
                status: 400, code: "unsendable_request",
                message: .init("The request cannot be forwarded: ") + reason)
        case .tooSlow:
            ProxyError(
                status: 503, code: "fell_behind",
                message: .init(
                    "The response went by faster than this request could follow; try again."),
                shouldRetry: true)
        case .cancelled:
            ProxyError(
                status: 503, code: "shutting_down",
                message: .init("The proxy is shutting down; try again."), shouldRetry: true)
        }
    }
}

/// Why an upstream call gave no whole response.
public enum FetchFailure: Error, Equatable, Sendable {
    /// No connection: refused, no such host, TLS not verified. The text says which.
    case unreachable([UInt8])
    /// The connection was not made, or nothing came, in the time allowed.
    case timedOut
    /// The connection ended before the response did.
    case connectionLost
    /// The upstream answered something else than HTTP; the text says what was wrong.
    case malformedResponse([UInt8])
    /// The request cannot be sent as it is; the text says why.
    case unsendable([UInt8])
    /// This reader fell too far behind the others of a response too long to be kept.
    case tooSlow
    /// The call was given up because the server shuts down.
    case cancelled

    /// Whether the upstream is at fault, so that `stale-if-error` applies (RFC 5861 §4).
    var isUpstreams: Bool {
        switch self {
        case .unreachable, .timedOut, .connectionLost, .malformedResponse: true
        case .unsendable, .tooSlow, .cancelled: false
        }
    }
}
