import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseServer
import RepriseSimulator

@testable import reprise

/// The whole proxy in this process, on a free port, with nothing stored but in memory
/// unless the test names a store.
struct RunningProxy: ProxyClient {
    /// The port it listens on.
    let port: Int
    /// What ages are counted in; it stands still until a test moves it.
    let clock: ManualClock
    /// What it has logged.
    let log: CapturedLog

    /// Starts a proxy, runs `body` with it, and stops it however `body` ends.
    ///
    /// - Parameters:
    ///   - upstream: The origin of the default upstream, whose base ends in `/v1`.
    ///   - change: Changes the settings before the start.
    static func with<R>(
        upstream: String, change: (inout ServerSettings) throws -> Void = { _ in },
        _ body: (RunningProxy) async throws -> R
    ) async throws -> R {
        var settings = ServerSettings()
        settings.defaultUpstream = try BaseURL("\(upstream)/v1")
        settings.store = .memory
        try change(&settings)
        let network = SystemNetwork(loopCount: settings.threads ?? 1)
        try network.start()
        defer { network.stop() }
        let clock = ManualClock()
        let log = CapturedLog()
        let logger = Logger(level: .trace, destination: log)
        let clocked = ClockedNetwork(network, clock: clock)
        let proxies = ProxyConfiguration()
        let store = try OpenedStore(settings, network: clocked, proxies: proxies, logger: logger)
        let assembly = ProxyAssembly(
            ProxyPlan(settings, proxies: proxies), network: clocked, persistent: store.persistent,
            storeName: store.name, logger: logger)
        await withCheckedContinuation { done in assembly.start { done.resume() } }
        do {
            let address = try assembly.server.listen(
                on: SimulatedUpstream.loopback(), limit: 4096)
            let proxy = RunningProxy(port: Int(address.port), clock: clock, log: log)
            let result = try await body(proxy)
            await end(assembly)
            return result
        } catch {
            await end(assembly)
            throw error
        }
    }

    private static func end(_ assembly: ProxyAssembly) async {
        await withCheckedContinuation { done in assembly.end(within: .zero) { done.resume() } }
    }
}

extension BaseURL {
    /// Reads a base URL.
    init(_ text: String) throws { try self.init(parsing: Array(text.utf8)) }
}
