import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// `reprise serve` as a child process, with its first line read.
struct ServedProxy: Sendable {
    let process: RunningProcess
    /// The line that names the address.
    let announcement: String
    /// Its scheme, host and port, such as `http://127.0.0.1:49152`.
    let origin: String
    /// The port it listens on.
    let port: Int

    /// Why a proxy did not come up.
    struct NotListening: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts a proxy on a free port, runs `body` with it, and ends it at once if `body` has not.
    ///
    /// - Parameters:
    ///   - upstream: The origin of the default upstream, whose base ends in `/v1`.
    ///   - store: The value of `--store`; nil leaves the flag out.
    ///   - more: Further arguments.
    static func with<R>(
        upstream: String, store: String? = "memory:", _ more: [String] = [],
        environment: [String: String] = [:], _ body: (ServedProxy) async throws -> R
    ) async throws -> R {
        try await ScratchDirectory.with { home in
            var arguments = ["serve", "--listen", "127.0.0.1:0"]
            // What the store holds must be found, however busy the machine is.
            arguments += ["--store-timeout", "30s"]
            arguments += ["--default-upstream", "\(upstream)/v1"]
            if let store { arguments += ["--store", store] }
            let own = BuiltBinary.environment(home: home)
            let process = try RunningProcess(
                BuiltBinary.url(), arguments + more,
                environment: own.merging(environment) { $1 })
            do {
                let result = try await body(ServedProxy(process))
                await process.kill9()
                return result
            } catch {
                await process.kill9()
                throw error
            }
        }
    }

    /// Waits for the first line of a proxy that is starting.
    init(_ process: RunningProcess) async throws {
        guard let line = await process.output.line(containing: "Reprise listens on ") else {
            throw NotListening(description: await process.errors.wholeText())
        }
        let origin = line.dropFirst("Reprise listens on ".count).prefix { $0 != "," }
        guard let port = origin.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw NotListening(description: line)
        }
        self.process = process
        self.announcement = line
        self.origin = String(origin)
        self.port = port
    }

    /// Ends it with SIGTERM.
    ///
    /// - Returns: The exit code.
    func stop() async -> Int32 {
        process.signal(SIGTERM)
        return await process.waitForExit()
    }

    /// Asks a question in the form of a chat completion.
    func ask(
        _ question: String, stream: Bool = false, headers: [(String, String)] = [],
        with client: HTTPClient = .shared
    ) async throws -> ClientAnswer {
        try await send(
            .POST, "/v1/chat/completions", headers: headers,
            body: Chat.request(question, stream: stream), with: client)
    }

    /// Sends any request and reads the whole response.
    func send(
        _ method: HTTPMethod, _ target: String, headers: [(String, String)] = [],
        body: String? = nil, with client: HTTPClient = .shared
    ) async throws -> ClientAnswer {
        var request = HTTPClientRequest(url: origin + target)
        request.method = method
        request.headers.add(contentsOf: HTTPHeaders(headers))
        if let body {
            if !request.headers.contains(name: "content-type") {
                request.headers.add(name: "content-type", value: "application/json")
            }
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: .minutes(4))
        return ClientAnswer(
            status: response.status.code, version: response.version, headers: response.headers,
            body: String(buffer: try await response.body.collect(upTo: 64 << 20)))
    }
}

/// A response as a client has it, whole.
struct ClientAnswer: Sendable {
    var status: UInt
    var version: HTTPVersion
    var headers: HTTPHeaders
    var body: String

    /// The value of `Cache-Status`.
    var cacheStatus: String { headers.first(name: "cache-status") ?? "none" }
    /// Whether the cache answered.
    var isHit: Bool { cacheStatus.hasPrefix("reprise; hit") }
    /// Whether the upstream answered, and the answer was stored.
    var isStoredMiss: Bool { cacheStatus == "reprise; fwd=uri-miss; stored" }
    /// The `error.code` of an error made by the proxy; nil for any other body.
    var errorCode: String? { ProxyErrorBody(body)?.code }
}

/// Chat completions as these tests ask for them.
enum Chat {
    /// The body of a request.
    static func request(_ question: String, stream: Bool = false) -> String {
        """
        {"model":"gpt-5-mini","stream":\(stream),\
        "messages":[{"role":"user","content":"\(question)"}]}
        """
    }

    /// A complete answer.
    static func answer(_ text: String) -> String {
        """
        {"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini","choices":[{"index":0,\
        "message":{"role":"assistant","content":"\(text)"},"finish_reason":"stop"}]}
        """
    }

    /// The events of a complete stream.
    static func events(_ pieces: String...) -> [String] {
        let chunks = pieces.enumerated().map { place, piece in
            let reason = place == pieces.count - 1 ? "\"stop\"" : "null"
            return """
                data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,\
                "delta":{"content":"\(piece)"},"finish_reason":\(reason)}]}\n\n
                """
        }
        return chunks + ["data: [DONE]\n\n"]
    }
}

/// An error in the shape of the OpenAI API, as the proxy makes it.
struct ProxyErrorBody: Decodable {
    private struct Members: Decodable {
        var message: String
        var type: String
        var param: String?
        var code: String
    }

    private var error: Members

    /// The token for programs.
    var code: String { error.code }
    /// The text for people.
    var message: String { error.message }

    /// Reads a body; nil when it is not such an error, of type `reprise_error`.
    init?(_ text: String) {
        // Not being one is what the caller asks about.
        guard let body = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)),
            body.error.type == "reprise_error", !body.error.message.isEmpty
        else { return nil }
        self = body
    }
}
