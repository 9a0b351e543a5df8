import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import RepriseCore
import RepriseProxy
import RepriseStorage

/// Takes a request from its connection to the proxy, and the response back.
struct ProxyResponder: Sendable {
    let routes: RouteTable
    /// The routes that exist, for the 404 that names them.
    let routeNames: String
    let proxy: CachingProxy
    let readiness: Readiness
    let log: AccessLog

    /// Answers one request.
    ///
    /// - Throws: When the response cannot be completed; the connection, or the HTTP/2 stream, is
    ///   then cut, so that the client never takes a part for the whole.
    func respond(
        to request: Request, writer: consuming ResponseWriter, channel: any Channel
    ) async throws {
        var entry = log.entry(
            method: request.head.method.rawValue, target: request.head.path ?? "")
        defer { log.write(entry) }
        let client = try await channel.pipeline.handler(type: ClientConnection.self).get()
        let body: RequestBodyStream =
            request.head.headerFields[.expect]?.lowercased() == "100-continue"
            ? ContinueOnRead(body: request.body, channel: channel) : request.body
        let answer = await answer(to: request, body: body, client)
        switch answer {
        case .reply(.response(let response)):
            try await write(response, request.head, writer, &entry)
        case .reply(.forwarded(let forward)):
            try await finish(forward, request.head, writer, client, &entry)
        case .passThrough(let passThrough) where !passThrough.streamsBody:
            let forward = proxy.launch(passThrough, body: nil)
            try await finish(forward, request.head, writer, client, &entry)
        case .passThrough(let passThrough):
            // The body is read by a task of this request, never by the client's own: an upstream
            // that answers early would leave its reader behind on a connection that moves on.
            let (stream, source) = RequestBody.makeStream()
            var pending: ResponseWriter? = writer
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await pump(body, into: source) }
                let forward = proxy.launch(passThrough, body: stream)
                if let writer = pending.take() {
                    try await finish(forward, request.head, writer, client, &entry)
                }
            }
        }
    }

    private func answer(
        to request: Request, body: RequestBodyStream, _ client: ClientConnection
    ) async -> CachingProxy.Answer {
        switch routes.route(target: Array((request.head.path ?? "").utf8)) {
        case .health:
            return .reply(.response(.health(isOK: true)))
        case .ready:
            return .reply(.response(.health(isOK: readiness.isReady)))
        case .notFound:
            return .reply(
                .response(
                    ProxyError(
                        status: 404, code: "unknown_route",
                        message: "There is no such route here. The routes are: \(routeNames)."
                    ).response()))
        case .upstream(let index, let path, let query):
            if request.head.headerFields[.upgrade]?.lowercased().contains("websocket") == true {
                return .reply(
                    .response(
                        ProxyError(
                            status: 501, code: "websocket_not_supported",
                            message:
                                "WebSocket connections are not proxied; connect to the upstream."
                        ).response()))
            }
            return await proxy.answer(
                ProxyRequest(
                    head: RequestHead(request.head, path: path, query: query), upstream: index,
                    body: body, alias: client.alias, prepared: client.takePrepared()))
        }
    }

    private func pump(_ body: RequestBodyStream, into source: RequestBody.Source) async {
        do {
            for try await buffer in body {
                await source.yield(buffer)
            }
            source.finish()
        } catch {
            source.finish(error)
        }
    }

    /// Waits for the upstream and passes its response on, unless the client leaves first.
    private func finish(
        _ forward: Forward, _ head: HTTPRequest, _ writer: consuming ResponseWriter,
        _ client: ClientConnection, _ entry: inout AccessLog.Entry
    ) async throws {
        client.whenGone { forward.reader.leave() }
        defer { client.forgetAction() }
        let response = await proxy.response(to: forward)
        try await write(response, head, writer, &entry)
    }

    private func write(
        _ response: ProxyResponse, _ request: HTTPRequest, _ writer: consuming ResponseWriter,
        _ entry: inout AccessLog.Entry
    ) async throws {
        entry.status = response.status
        entry.cacheStatus = response.cacheStatus
        entry.isCut = true
        let head = HTTPResponse(response)
        if request.method == .head {
            try await writer.writeResponse(head)
        } else if case .complete(let body) = response.body {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: body))
        } else {
            var bodyWriter = try await writer.writeHead(head)
            try await response.forEachBatch { try await bodyWriter.write(contentsOf: $0) }
            try await bodyWriter.finish(nil)
        }
        entry.cacheStatus = response.finalCacheStatus
        entry.isCut = false
    }
}

extension ProxyResponse {
    /// The answer of the health routes.
    fileprivate static func health(isOK: Bool) -> ProxyResponse {
        ProxyResponse(
            status: isOK ? 200 : 503,
            headers: [HeaderField(name: .init("content-type"), value: .init("application/json"))],
            body: .complete(ByteBuffer(string: "{\"ok\":\(isOK)}")), cacheStatus: nil)
    }
}
