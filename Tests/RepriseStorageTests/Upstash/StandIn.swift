import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

@testable import RepriseTesting

/// A program of Tests/StandIns that stands in for a service, on a free port, and ends with this
/// object or, at the latest, with this process.
final class StandIn: Sendable {
    /// Where it listens, without a slash at the end.
    let url: String
    private let process: ChildProcess

    /// Neither follows redirects nor tries to connect again, as stores want it; lives as long as
    /// the tests.
    static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// What a stand-in is to do with the requests from now on.
    struct Fault: Encodable {
        var status: Int?
        var headers: [String: String]?
        var body: String?
        var hang: Bool?
        var drop: Bool?
        var times: Int?

        static let hangs = Fault(hang: true)
        static let isGone = Fault(drop: true)

        static func answers(
            _ status: Int, _ body: String, headers: [String: String] = [:]
        ) -> Fault {
            Fault(status: status, headers: headers, body: body)
        }
    }

    private struct DoesNotStart: Error, CustomStringConvertible {
        var description: String
    }

    /// Starts a stand-in and waits until it listens.
    init(_ script: String, _ arguments: String...) async throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "StandIns/\(script)")
        process = try ChildProcess(["node", file.path] + arguments)
        url = try process.readLine()
        guard url.hasPrefix("http://") else { throw DoesNotStart(description: url) }
    }

    deinit {
        process.closeInput()
        process.waitForEnd()
    }

    /// Answers in this way from now on.
    func set(_ fault: Fault) async throws {
        _ = try await control(.PUT, "fault", JSONEncoder().encode(fault))
    }

    /// Works again.
    func recover() async throws {
        _ = try await control(.DELETE, "fault")
    }

    /// Sets the stand-in's clock, in milliseconds since the epoch, and stops it.
    func setTime(_ now: Int64) async throws {
        _ = try await control(.PUT, "time", JSONEncoder().encode(["now": now]))
    }

    /// The method and path of every request so far.
    func requests() async throws -> [String] {
        try await seen().map { "\($0.method) \($0.url)" }
    }

    /// A field of every request so far; nil where it was not there.
    func field(_ name: String) async throws -> [String?] {
        try await seen().map { $0.headers[name] }
    }

    private struct Seen: Decodable {
        var method: String
        var url: String
        var headers: [String: String]
    }

    private func seen() async throws -> [Seen] {
        try JSONDecoder().decode([Seen].self, from: try await control(.GET, "requests"))
    }

    /// Sends a request of the test's own.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
    ) async throws -> Data {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await Self.client.execute(request, timeout: .minutes(1))
        let answer = try await response.body.collect(upTo: 64 << 20)
        return Data(answer.readableBytesView)
    }

    private func control(
        _ method: HTTPMethod, _ what: String, _ body: Data? = nil
    ) async throws -> Data {
        try await send(method, "/stand-in/\(what)", body)
    }
}
