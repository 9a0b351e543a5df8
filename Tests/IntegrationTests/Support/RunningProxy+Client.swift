import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// A whole response as bytes.
struct Reply: Sendable {
    var status: UInt
    var headers: HTTPHeaders
    var bytes: [UInt8]

    /// The body as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// All values of `Cache-Status`, joined.
    var cacheStatus: String { headers["cache-status"].joined(separator: ", ") }
    /// Whether the cache answered.
    var isHit: Bool { cacheStatus.contains("reprise; hit") }
    /// The `error.code` of an error made by the proxy; nil for any other body.
    var errorCode: String? { ProxyErrorBody(text)?.code }

    /// A field's only value; nil when there is none or more than one.
    func field(_ name: String) -> String? {
        let values = headers[name]
        return values.count == 1 ? values.first : nil
    }
}

extension RunningProxy {
    /// Sends a request, and gives the response with its body unread.
    func open(
        _ method: HTTPMethod = .POST, _ target: String = "/v1/chat/completions",
        headers: [(String, String)] = [], body: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: origin + target)
        request.method = method
        request.headers.add(contentsOf: HTTPHeaders(headers))
        if body != nil, !request.headers.contains(name: "content-type") {
            request.headers.add(name: "content-type", value: "application/json")
        }
        request.body = body
        return try await Self.client.execute(request, deadline: .distantFuture)
    }

    /// Sends a request and reads the whole response.
    ///
    /// - Throws: What the client throws, also when the body breaks off.
    func send(
        _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> Reply {
        let response = try await open(
            method, target, headers: headers, body: body.map { .bytes(ByteBuffer(string: $0)) })
        let collected = try await response.body.collect(upTo: 256 << 20)
        return Reply(
            status: response.status.code, headers: response.headers,
            bytes: Array(collected.readableBytesView))
    }

    /// Posts a JSON body, by default to the chat completions.
    func post(
        _ body: String, to target: String = "/v1/chat/completions",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        try await send(.POST, target, headers: headers, body: body)
    }

    /// Asks a question in the form of a chat completion.
    func ask(
        _ question: String, stream: Bool = false, headers: [(String, String)] = []
    ) async throws -> Reply {
        try await post(Chat.request(question, stream: stream), headers: headers)
    }

    /// A client that has as many connections as a test likes and follows no redirects.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2_000
        configuration.timeout.connect = .minutes(1)
        return HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: configuration)
    }()
}
