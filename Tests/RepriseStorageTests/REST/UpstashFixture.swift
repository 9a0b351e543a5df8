import RepriseLogging
import RepriseNetwork
import RepriseTesting

@testable import RepriseStorage

/// A Redis of its own behind a stand-in of Upstash's REST API.
struct UpstashFixture: Sendable {
    static let token = "AX-secret"

    let redis: RedisServerProcess
    let standIn: StandIn
    let network: ClockedNetwork

    init(_ network: ClockedNetwork, requestLimit: Int = 10_000_000) async throws {
        self.network = network
        redis = try await RedisServerProcess.start()
        standIn = try StandIn(
            "upstash.mjs", ["redis://\(redis.host):\(redis.port)", Self.token, "\(requestLimit)"],
            network)
    }

    func store(
        token: String = UpstashFixture.token, limits: RESTLimits = patientRESTLimits,
        logger: Logger = LogRecorder().logger
    ) throws -> StoreCaller {
        let access = try UpstashAccess(
            parsing: "",
            environment: [
                "UPSTASH_REDIS_REST_URL": standIn.url, "UPSTASH_REDIS_REST_TOKEN": token,
            ])
        return StoreCaller(
            UpstashStore(
                access: access, limits: limits, network: network,
                makeClient: { HTTPClient(loop: $0, configuration: .init()) }, logger: logger),
            network)
    }
}

/// Runs a test with a store in Upstash, which is closed at its end.
func withUpstash(
    requestLimit: Int = 10_000_000, token: String = UpstashFixture.token,
    limits: RESTLimits = patientRESTLimits, logger: Logger = LogRecorder().logger,
    _ body: (StoreCaller, UpstashFixture) async throws -> Void
) async throws {
    try await withClockedNetwork { network in
        let upstash = try await UpstashFixture(network, requestLimit: requestLimit)
        let store = try upstash.store(token: token, limits: limits, logger: logger)
        try await body(store, upstash)
        await store.close()
    }
}
