import Logging
import RepriseTesting

@testable import RepriseStorage

/// A Redis of its own behind a stand-in of Upstash's REST API.
struct UpstashFixture: Sendable {
    static let token = "AX-secret"
    /// Deadlines that a slow machine keeps.
    static var patient: RESTLimits {
        var limits = RESTLimits()
        limits.lookupDeadline = .seconds(60)
        limits.writeDeadline = .seconds(60)
        return limits
    }

    let redis: RedisServerProcess
    let standIn: StandIn

    init(requestLimit: Int = 10_000_000) async throws {
        redis = try await RedisServerProcess.start()
        standIn = try await StandIn(
            "upstash.mjs", "redis://\(redis.host):\(redis.port)", Self.token, "\(requestLimit)")
    }

    func store(
        clock: WallClock, token: String = UpstashFixture.token,
        limits: RESTLimits = UpstashFixture.patient, logger: Logger = Logger(label: "test")
    ) throws -> UpstashStore {
        let access = try UpstashAccess(
            parsing: "",
            environment: [
                "UPSTASH_REDIS_REST_URL": standIn.url, "UPSTASH_REDIS_REST_TOKEN": token,
            ])
        return UpstashStore(
            access: access, limits: limits, client: StandIn.client, clock: clock, logger: logger)
    }
}
