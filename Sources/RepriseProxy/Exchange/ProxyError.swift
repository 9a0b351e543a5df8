import NIOCore
public import RepriseCore

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
    /// Whether the connection is closed after the response.
    public var closesConnection = false

    /// Makes an error.
    public init(
        status: Int32, code: StaticString, message: String, shouldRetry: Bool? = nil,
        closesConnection: Bool = false
    ) {
        self.status = status
        self.code = code
        self.message = Array(message.utf8)
        self.shouldRetry = shouldRetry
        self.closesConnection = closesConnection
    }

    /// Compares all parts, the code byte for byte.
    public static func == (one: Self, other: Self) -> Bool {
        one.status == other.status && [UInt8](one.code).equals(other.code)
            && one.message == other.message && one.shouldRetry == other.shouldRetry
            && one.closesConnection == other.closesConnection
    }

    /// The error as a response.
    ///
    /// - Parameter cacheStatus: What `Cache-Status` says; nil for a request that no route took.
    public func response(cacheStatus: CacheStatus? = nil) -> ProxyResponse {
        var headers = [
            HeaderField(name: .init("content-type"), value: .init("application/json"))
        ]
        if let shouldRetry {
            headers.append(
                HeaderField(
                    name: .init("x-should-retry"),
                    value: shouldRetry ? .init("true") : .init("false")
                ))
        }
        if closesConnection {
            headers.append(HeaderField(name: .init("connection"), value: .init("close")))
        }
        if let cacheStatus {
            headers.append(cacheStatus.field)
        }
        return ProxyResponse(
            status: status, headers: headers,
            body: .complete(.init(bytes: ErrorBody.json(message: message, code: code))),
            cacheStatus: cacheStatus)
    }
}

extension ProxyError {
    /// A directive that cannot be understood.
    init(_ error: DirectiveError) {
        self.init(
            status: 400, code: error.code, message: String(decoding: error.message, as: UTF8.self))
    }

    /// An upstream that gave no usable response.
    init(_ error: UpstreamError) {
        switch error {
        case .unreachable(let reason):
            self.init(
                status: 502, code: "upstream_unreachable",
                message: "The upstream cannot be reached: \(reason)")
        case .timedOut:
            self.init(
                status: 504, code: "upstream_timeout",
                message: "The upstream did not answer in time.")
        case .connectionLost:
            self.init(
                status: 502, code: "upstream_connection_lost",
                message: "The upstream closed the connection before its response was complete.")
        case .unsendable(let reason):
            self.init(
                status: 400, code: "unsendable_request",
                message: "The request cannot be forwarded: \(reason)")
        }
    }

    /// A flight that ended before its response could be given.
    init(_ failure: FlightFailure) {
        switch failure {
        case .upstream(let error): self.init(error)
        case .left:
            // Seen only by a client that closed its own side alone; the status is nginx's.
            self.init(
                status: 499, code: "client_closed",
                message: "The client closed its side of the connection before the response.")
        case .tooSlow, .cancelled:
            self.init(
                status: 503, code: "shutting_down",
                message: "The proxy is shutting down; try again.", shouldRetry: true)
        }
    }

    static func bodyTooLarge(limit: Int) -> ProxyError {
        ProxyError(
            status: 413, code: "request_too_large",
            message: "The request body is longer than \(limit) bytes, the limit of --max-body.",
            closesConnection: true)
    }

    static let notCached = ProxyError(
        status: 504, code: "not_cached",
        message: "No stored response can be used, and only-if-cached forbids asking the upstream.",
        shouldRetry: false)
}
