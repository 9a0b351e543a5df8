import Foundation
import RepriseCore
import RepriseNetwork
import RepriseTesting

@testable import RepriseStorage

/// A namespace of a stand-in of Cloudflare's API, whose time stands still until it is made to pass.
struct WorkersKVFixture: Sendable {
    static let account = "023e105f4ecef8ad9ca31a8372d0c353"
    static let namespace = "0f2ac74b498b48028cb68387c421e279"
    static let token = "cf-secret"
    static let path = "/client/v4/accounts/\(account)/storage/kv/namespaces/\(namespace)"

    let standIn: StandIn
    let network: ClockedNetwork

    init(_ network: ClockedNetwork) async throws {
        self.network = network
        standIn = try StandIn(
            "workers-kv.mjs", [Self.account, Self.namespace, Self.token], network)
        try await standIn.setTime(network.loops[0].wallClock)
    }

    /// Makes time pass for the stand-in and the store.
    func passTime(_ duration: Duration) async throws {
        network.advance(by: duration.components.seconds * 1000)
        try await standIn.setTime(network.loops[0].wallClock)
    }

    func store(
        token: String = WorkersKVFixture.token, namespace: String = WorkersKVFixture.namespace,
        limits: RESTLimits = patientRESTLimits
    ) throws -> StoreCaller {
        let access = try WorkersKVAccess(
            parsing: "\(Self.account)/\(namespace)",
            environment: [
                "CLOUDFLARE_API_TOKEN": token,
                "CLOUDFLARE_API_BASE_URL": standIn.url + "/client/v4",
            ])
        return StoreCaller(
            WorkersKVStore(
                access: access, limits: limits, network: network,
                makeClient: { HTTPClient(loop: $0, configuration: .init()) }), network)
    }

    /// Writes a value as the Worker does, without metadata.
    func put(_ number: Int, _ text: String, seconds: Int) async throws {
        _ = try await standIn.send(
            "PUT", "\(Self.path)/values/\(name(number))?expiration_ttl=\(seconds)",
            Data(text.utf8), headers: ["authorization": "Bearer \(Self.token)"])
    }

    /// The keys as the API lists them.
    func keys() async throws -> [[String: Any]] {
        let answer = try await standIn.send(
            "GET", "\(Self.path)/keys?prefix=reprise:",
            headers: ["authorization": "Bearer \(Self.token)"])
        let envelope = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
        return envelope?["result"] as? [[String: Any]] ?? []
    }

    /// The name of the entry of a number.
    func name(_ number: Int) -> String {
        String(decoding: SampleResponses.key(number).storeName, as: UTF8.self)
    }
}

/// Runs a test with a store in Workers KV, which is closed at its end.
func withWorkersKV(
    token: String = WorkersKVFixture.token, namespace: String = WorkersKVFixture.namespace,
    limits: RESTLimits = patientRESTLimits,
    _ body: (StoreCaller, WorkersKVFixture) async throws -> Void
) async throws {
    try await withClockedNetwork { network in
        let kv = try await WorkersKVFixture(network)
        let store = try kv.store(token: token, namespace: namespace, limits: limits)
        try await body(store, kv)
        await store.close()
    }
}
