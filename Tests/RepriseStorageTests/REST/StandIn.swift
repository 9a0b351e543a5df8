import Foundation
import RepriseCore
import RepriseNetwork
import RepriseTesting

@testable import RepriseStorage

/// A program of Tests/StandIns that stands in for a service, on a free port, and ends with this
/// object or, at the latest, with this process.
final class StandIn: Sendable {
    /// Where it listens, without a slash at the end.
    let url: String
    private let process: ChildProcess
    private let network: any Network
    private let base: APIBaseURL

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
    ///
    /// - Parameter network: Where the test's own requests come from.
    init(_ script: String, _ arguments: [String], _ network: any Network) throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "StandIns/\(script)")
        process = try ChildProcess(["node", file.path] + arguments)
        url = try process.readLine()
        guard url.hasPrefix("http://") else { throw DoesNotStart(description: url) }
        base = try APIBaseURL(parsing: url, variable: "URL", example: "")
        self.network = network
    }

    deinit {
        process.closeInput()
        process.waitForEnd()
    }

    /// Answers in this way from now on.
    func set(_ fault: Fault) async throws {
        _ = try await send("PUT", "/stand-in/fault", JSONEncoder().encode(fault))
    }

    /// Works again.
    func recover() async throws { _ = try await send("DELETE", "/stand-in/fault") }

    /// Sets the stand-in's clock, in milliseconds since the epoch, and stops it.
    func setTime(_ now: Int64) async throws {
        _ = try await send("PUT", "/stand-in/time", JSONEncoder().encode(["now": now]))
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
        try JSONDecoder().decode([Seen].self, from: try await send("GET", "/stand-in/requests"))
    }

    /// Sends a request of the test's own.
    func send(
        _ method: String, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
    ) async throws -> Data {
        let request = ClientRequest(
            origin: base.origin, method: Array(method.utf8), target: Array(path.utf8),
            fields: headers.map { (name: Array($0.key.utf8), value: Array($0.value.utf8)) },
            body: body.map { .bytes(Array($0)) } ?? .none)
        let loop = network.loops[0]
        let result: Result<RESTAnswer?, StoreError> = await withCheckedContinuation { waiting in
            loop.post {
                let client = HTTPClient(loop: loop, configuration: .init())
                let exchange = RESTExchange(limit: 64 << 20, service: "stand-in") { result in
                    client.shutDown()
                    waiting.resume(returning: result)
                }
                exchange.begin(request, by: client, within: .seconds(60))
            }
        }
        return Data(try result.get()?.body ?? [])
    }
}

/// What a load or a save of a store came to.
enum StoreOutcome: Equatable {
    case text(String?)
    case done
    case failed(StoreError)

    /// What the error says, for a test that looks for words.
    var words: String? {
        if case .failed(.unavailable(let reason)) = self { reason } else { nil }
    }
}

extension StoreCaller {
    /// Reads the entry of a number.
    func loading(_ number: Int) async -> StoreOutcome {
        do throws(StoreError) {
            return .text(try await text(number))
        } catch {
            return .failed(error)
        }
    }

    /// Stores a text as the entry of a number.
    func saving(_ number: Int, _ text: String) async -> StoreOutcome {
        await saveFailure([RedisFixture.entry(number, text)]).map { .failed($0) } ?? .done
    }

    /// Removes the entry of a number.
    func removing(_ number: Int) async -> StoreOutcome {
        do throws(StoreError) {
            try await remove([number])
            return .done
        } catch {
            return .failed(error)
        }
    }
}

/// A running network whose time of day a test moves on, for a test.
func withClockedNetwork<Result>(
    _ body: (ClockedNetwork) async throws -> Result
) async throws -> Result {
    try await withSystemNetwork { try await body(ClockedNetwork($0)) }
}

/// Deadlines that a slow machine keeps.
let patientRESTLimits: RESTLimits = {
    var limits = RESTLimits()
    limits.lookupDeadline = .seconds(60)
    limits.writeDeadline = .seconds(60)
    return limits
}()

/// Deadlines for servers that will not keep them.
let impatientRESTLimits: RESTLimits = {
    var limits = RESTLimits()
    limits.lookupDeadline = .milliseconds(50)
    limits.writeDeadline = .milliseconds(50)
    return limits
}()
