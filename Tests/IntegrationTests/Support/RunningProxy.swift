import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RepriseServer
import RepriseStorage
import RepriseTesting
import Synchronization

@testable import reprise

/// The whole proxy in this process, on a free port, with nothing stored but in memory.
struct RunningProxy: Sendable {
    /// The port it listens on.
    let port: Int
    /// What ages are counted in; it stands still until a test moves it.
    let clock: ManualClock
    /// What it has logged.
    let log: CapturedLog

    /// Why a proxy did not come up.
    struct NotListening: Error {}

    /// Its scheme, host and port.
    var origin: String { "http://127.0.0.1:\(port)" }

    /// Starts a proxy, runs `body` with it, and stops it however `body` ends.
    ///
    /// - Parameters:
    ///   - upstream: The origin of the default upstream, whose base ends in `/v1`.
    ///   - change: Changes the settings before the start.
    static func with<R: Sendable>(
        upstream: String, change: (inout ServerSettings) throws -> Void = { _ in },
        _ body: (RunningProxy) async throws -> R
    ) async throws -> R {
        var settings = ServerSettings()
        settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
        settings.defaultUpstream = try UpstreamURL(parsing: "\(upstream)/v1")
        settings.store = "memory:"
        // What the store holds must be found, however busy the machine is.
        settings.storeTimeout = .seconds(30)
        try change(&settings)
        let clock = ManualClock()
        let log = CapturedLog()
        let eventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads ?? 1)
        defer { eventLoopGroup.shutdownGracefully { _ in } }
        let assembly = try ProxyAssembly(
            settings, environment: [:], clock: clock.wallClock, logger: log.logger,
            hitLogSink: log.sink, eventLoopGroup: eventLoopGroup)
        let (addresses, listening) = AsyncStream.makeStream(of: ListenAddress.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await assembly.run(stoppingOnSignals: false) { listening.yield($0) }
            }
            guard let address = await addresses.first(where: { _ in true }) else {
                try await group.waitForAll()
                throw NotListening()
            }
            let proxy = RunningProxy(port: address.port, clock: clock, log: log)
            let result: Result<R, any Error>
            do {
                result = .success(try await body(proxy))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            // How it ends when it is cancelled is of no interest here.
            _ = await group.nextResult()
            return try result.get()
        }
    }
}

/// What the proxy under test has logged, as text.
final class CapturedLog: Sendable {
    private let lines = Mutex("")

    /// All that was logged so far.
    var text: String { lines.withLock { $0 } }

    /// Takes the lines of hits.
    var sink: LogSink {
        LogSink { [self] line in append(String(decoding: line, as: UTF8.self)) }
    }

    /// Takes everything else.
    var logger: Logger { Logger(label: "reprise") { [self] _ in Handler(log: self) } }

    private func append(_ line: String) {
        lines.withLock { $0 += line + "\n" }
    }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.append("\(event.level) \(event.message) \(event.metadata ?? [:])")
        }
    }
}
