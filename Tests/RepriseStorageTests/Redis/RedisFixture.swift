import Logging
import NIOCore
import NIOPosix
import RepriseCore
import RepriseStorage
import RepriseTesting

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

    /// One event loop, for tests in which all calls have to use the same connections.
    static let oneLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Opens a store, unless told otherwise on the process's own event loops.
    static func open(
        _ url: String, limits: RedisStore.Limits = patience, clock: WallClock = .system,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "test")
    ) throws -> RedisStore {
        RedisStore(
            address: try RedisAddress(parsing: url), eventLoopGroup: group, limits: limits,
            clock: clock, logger: logger)
    }

    /// A text that a store holds under the key with a number.
    static func text(_ store: RedisStore, _ number: Int) async throws -> String? {
        try await store.load(SampleResponses.key(number)).map { String(buffer: $0) }
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
    static func untilWorking(_ call: () async throws(StoreError) -> Void) async throws {
        while await failure(call) != nil { try await Task.sleep(for: .milliseconds(5)) }
    }
}

extension RedisServerProcess {
    /// The URL of the server for a store.
    var url: String { "redis://\(host):\(port)" }
}
