import Foundation
import NIOHTTP1
import RepriseCore
import RepriseTesting
import Synchronization

@testable import RepriseStorage

/// A namespace of a stand-in of Cloudflare's API, whose time stands still until it is made to pass.
final class WorkersKVFixture: Sendable {
    static let account = "023e105f4ecef8ad9ca31a8372d0c353"
    static let namespace = "0f2ac74b498b48028cb68387c421e279"
    static let token = "cf-secret"
    static let path = "/client/v4/accounts/\(account)/storage/kv/namespaces/\(namespace)"

    let standIn: StandIn
    let clock = ManualClock()
    private let now: Mutex<Int64>

    init() async throws {
        standIn = try await StandIn("workers-kv.mjs", Self.account, Self.namespace, Self.token)
        now = Mutex(clock.now)
        try await passTime(.zero)
    }

    /// Makes the stand-in's time pass, and nobody else's.
    func passTime(_ duration: Duration) async throws {
        let time = now.withLock { now in
            now += duration.milliseconds
            return now
        }
        try await standIn.setTime(time)
    }

    func store(
        clock: WallClock? = nil, token: String = WorkersKVFixture.token,
        namespace: String = WorkersKVFixture.namespace, limits: RESTLimits = UpstashFixture.patient
    ) throws -> WorkersKVStore {
        let access = try WorkersKVAccess(
            parsing: "\(Self.account)/\(namespace)",
            environment: [
                "CLOUDFLARE_API_TOKEN": token,
                "CLOUDFLARE_API_BASE_URL": standIn.url + "/client/v4",
            ])
        return WorkersKVStore(
            access: access, limits: limits, client: StandIn.client,
            clock: clock ?? self.clock.wallClock)
    }

    /// Writes a value as the Worker does, without metadata.
    func put(_ number: Int, _ text: String, seconds: Int) async throws {
        _ = try await standIn.send(
            .PUT, "\(Self.path)/values/\(name(number))?expiration_ttl=\(seconds)", Data(text.utf8),
            headers: ["authorization": "Bearer \(Self.token)"])
    }

    /// The keys as the API lists them.
    func keys() async throws -> [[String: Any]] {
        let answer = try await standIn.send(
            .GET, "\(Self.path)/keys?prefix=reprise:",
            headers: ["authorization": "Bearer \(Self.token)"])
        let envelope = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
        return envelope?["result"] as? [[String: Any]] ?? []
    }

    /// The name of the entry of a number.
    func name(_ number: Int) -> String {
        String(decoding: SampleResponses.key(number).storeName, as: UTF8.self)
    }
}
