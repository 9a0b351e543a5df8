import Foundation

/// A proxy that a client reaches on this machine.
protocol ProxyClient: Sendable {
    /// The port it listens on.
    var port: Int { get }
}

extension ProxyClient {
    /// Sends a request and reads the whole response, on a connection of its own.
    ///
    /// - Throws: When the body breaks off.
    func send(
        _ method: Method, _ target: String, headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> Reply {
        try await send(method, target, headers: headers, bytes: body.map { Array($0.utf8) })
    }

    /// Sends a request and reads the whole response, on a connection of its own.
    ///
    /// - Throws: When the body breaks off.
    func send(
        _ method: Method, _ target: String, headers: [(String, String)] = [], bytes: [UInt8]?
    ) async throws -> Reply {
        try await WireConnection.with(port: port) { connection in
            connection.send(request(method, target, headers: headers, body: bytes))
            return try await connection.reply(to: method)
        }
    }

    /// The bytes of a request.
    func request(
        _ method: Method, _ target: String, headers: [(String, String)], body: [UInt8]?
    ) -> [UInt8] {
        var fields = headers
        func has(_ name: String) -> Bool { fields.contains { $0.0.lowercased() == name } }
        if !has("host") { fields.insert(("host", "127.0.0.1:\(port)"), at: 0) }
        if let body {
            if !has("content-type") { fields.append(("content-type", "application/json")) }
            fields.append(("content-length", "\(body.count)"))
        }
        let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
        return Array("\(method.rawValue) \(target) HTTP/1.1\r\n\(lines)\r\n".utf8) + (body ?? [])
    }

    /// Posts a JSON body, by default to the chat completions.
    func post(
        _ body: String, to target: String = "/v1/chat/completions",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        try await send(.post, target, headers: headers, body: body)
    }

    /// Asks a question in the form of a chat completion.
    func ask(
        _ question: String, stream: Bool = false, headers: [(String, String)] = []
    ) async throws -> Reply {
        try await post(Chat.request(question, stream: stream), headers: headers)
    }
}
