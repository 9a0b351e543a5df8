import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseTesting

@testable import RepriseStorage

/// What the tests of the Redis store have in common.
enum RedisFixture {
    /// Deadlines that a loaded machine keeps, for tests that are not about deadlines.
    static var patience: RedisStore.Limits {
        var limits = RedisStore.Limits()
        limits.lookupDeadline = .seconds(30)
        limits.writeDeadline = .seconds(30)
        limits.connectDeadline = .seconds(30)
        return limits
    }

    /// Opens a store on the first loops of a running network.
    static func open(
        _ url: String, _ network: any Network, limits: RedisStore.Limits = patience,
        logger: Logger = LogRecorder().logger
    ) throws -> StoreCaller {
        StoreCaller(
            RedisStore(
                address: try RedisAddress(parsing: url), network: network, limits: limits,
                logger: logger),
            network)
    }

    /// An entry with a text.
    static func entry(_ number: Int, _ text: String, until end: Int64? = nil) -> StoredEntry {
        SampleResponses.entry(number, text: Array(text.utf8), retainedUntil: end)
    }

    /// The error of a call; nil when it has none.
    static func failure(_ call: () async throws(StoreError) -> Void) async -> StoreError? {
        do throws(StoreError) {
            try await call()
            return nil
        } catch {
            return error
        }
    }

    /// Calls until a call succeeds; a test that waits in vain ends by its time limit.
    static func untilWorking(_ call: () async throws(StoreError) -> Void) async {
        while await failure(call) != nil {
            // A round trip of another program, in place of a sleep.
            _ = try? await CommandOutput.run(["true"])
        }
    }
}

extension StoreCaller {
    /// The text that the store holds under the key with a number.
    func text(_ number: Int) async throws(StoreError) -> String? {
        try await load(number).map { String(decoding: $0, as: UTF8.self) }
    }

    /// How a lookup fails; nil when it does not.
    func loadFailure(_ number: Int = 1) async -> StoreError? {
        await RedisFixture.failure { () throws(StoreError) in _ = try await load(number) }
    }

    /// How a store fails; nil when it does not.
    func saveFailure(_ entries: [StoredEntry]) async -> StoreError? {
        await RedisFixture.failure { () throws(StoreError) in try await save(entries) }
    }

    /// Looks up until that works.
    func untilLoading(_ number: Int = 1) async {
        await RedisFixture.untilWorking { () throws(StoreError) in _ = try await load(number) }
    }

    /// Stores until that works.
    func untilSaving(_ entries: [StoredEntry]) async {
        await RedisFixture.untilWorking { () throws(StoreError) in try await save(entries) }
    }
}

extension RedisServerProcess {
    /// The URL of the server for a store.
    var url: String { "redis://\(host):\(port)" }
}

/// A running network for a test, stopped at its end.
func withSystemNetwork<Result>(
    loops: Int = 1, _ body: (SystemNetwork) async throws -> Result
) async throws -> Result {
    let network = SystemNetwork(loopCount: loops) { _, _ in }
    try network.start()
    defer { network.stop() }
    return try await body(network)
}
