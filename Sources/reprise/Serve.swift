#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif
import Dispatch
import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy
import RepriseServer
import Synchronization

/// `reprise serve`: the proxy.
enum Serve {
    /// Reads the settings and serves until a signal says stop.
    ///
    /// - Returns: The exit code.
    static func run(flags: [String: [String]], in surroundings: Surroundings) -> Int32 {
        let loaded: SettingsLoader.Result
        let proxies: ProxyConfiguration
        do throws(SettingsError) {
            loaded = try SettingsLoader.load(flags: flags, in: surroundings)
            proxies = try surroundings.proxies()
            try UnavailableSettings.check(loaded.settings)
        } catch {
            StandardStreams.complain(error.message)
            return ExitStatus.usage
        }
        for warning in loaded.warnings { StandardStreams.complain("warning: \(warning)") }
        do throws(StartError) {
            try run(loaded.settings, proxies)
            return ExitStatus.success
        } catch {
            StandardStreams.complain(error.message)
            return ExitStatus.unavailable
        }
    }

    /// Serves with these settings until a signal says stop.
    private static func run(
        _ settings: ServerSettings, _ proxies: ProxyConfiguration
    ) throws(StartError) {
        let writer: LogWriter
        do {
            writer = try LogWriter(
                descriptor: STDERR_FILENO, format: settings.logFormat, now: { SystemTime.now })
        } catch {
            throw StartError("the log cannot be written: \(error)")
        }
        defer { writer.close(within: .seconds(1)) }
        let logger = Logger(level: settings.logLevel, destination: writer)
        let network = SystemNetwork(loopCount: settings.threads ?? AvailableCores.standardLoops) {
            logger.log(
                .warning, "Connections cannot be accepted; trying again.",
                [LogField("address", .text("\($0)")), LogField("error", .text("\($1)"))])
        }
        // Trapped before the first line: a signal may come as soon as it is read.
        let stop = StopSignals(logger)
        let certificate = try ServingCertificate(settings, network: network, logger: logger)
        defer { certificate?.stop() }
        // Without a certificate SIGHUP means what it means to any program in a terminal.
        let signals: [ProcessSignal] =
            [.terminate, .interrupt] + (certificate == nil ? [] : [.hangUp])
        let watch = network.watch(signals) { signal in
            if signal == .hangUp { certificate?.reload() } else { stop.received(signal) }
        }
        do throws(NetworkError) {
            try network.start()
        } catch {
            throw StartError("the event loops cannot be started: \(error)")
        }
        defer {
            watch.stop()
            network.stop()
        }
        let store = try OpenedStore(
            settings, network: network, proxies: proxies, logger: logger)
        var plan = ProxyPlan(settings, proxies: proxies)
        // No other server may have it, or the two could not stand behind each other.
        let number = UInt64.random(in: .min ... .max)
        plan.settings.pseudonym = Array("reprise-\(String(number, radix: 16))".utf8)
        let assembly = ProxyAssembly(
            plan, network: network, persistent: store.persistent, storeName: store.name,
            logger: logger)
        try serve(
            assembly, settings, certificate?.identity, storeName: store.name, until: stop)
    }

    private static func serve(
        _ assembly: ProxyAssembly, _ settings: ServerSettings, _ identity: TLSServerIdentity?,
        storeName: String, until stop: StopSignals
    ) throws(StartError) {
        Completion.wait { done in assembly.start(done) }
        let address: SocketAddress
        do throws(StartError) {
            address = try listen(assembly, settings, identity)
        } catch {
            Completion.wait { done in assembly.end(within: .zero, done) }
            throw error
        }
        StandardStreams.write(
            "Reprise listens on \(identity == nil ? "http" : "https")://\(address), upstream \(settings.defaultUpstream.description), "
                + "store \(storeName)\n")
        stop.wait()
        assembly.proxy.beginDraining()
        stop.sleep(settings.drainDelay)
        Completion.wait { done in assembly.end(within: settings.shutdownTimeout, done) }
    }

    private static func listen(
        _ assembly: ProxyAssembly, _ settings: ServerSettings, _ identity: TLSServerIdentity?
    ) throws(StartError) -> SocketAddress {
        let name = settings.listen
        let limit = settings.maxConnections ?? standardConnectionLimit
        do throws(NetworkError) {
            let addresses = try assembly.network.addresses(of: name)
            var first: SocketAddress?
            for var address in addresses {
                // A name may stand for several addresses: all get the port that the first one got.
                if let first { address.port = first.port }
                let bound = try assembly.server.listen(
                    on: address, limit: limit, identity: identity)
                first = first ?? bound
            }
            guard let first else { throw .unknownHost }
            return first
        } catch {
            throw StartError("cannot listen on \(name): \(error.words)")
        }
    }

    /// Each connection may need one to an upstream, and files need some.
    private static var standardConnectionLimit: Int {
        max(16, (DescriptorLimit.current - 64) / 2)
    }
}

/// What stops the proxy: the first signal drains it, the second ends it at once.
final class StopSignals: Sendable {
    private let logger: Logger
    private let count = Atomic(0)
    private let first = DispatchSemaphore(value: 0)

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// A signal has come.
    func received(_ signal: ProcessSignal) {
        guard count.wrappingAdd(1, ordering: .relaxed).oldValue == 0 else {
            // At once means at once: what is not flushed is lost.
            _exit(128 + signal.number)
        }
        logger.log(.notice, "stopping", [LogField("signal", .text(signal.name))])
        first.signal()
    }

    /// Waits for the first signal.
    func wait() { first.wait() }

    /// Waits for a while.
    func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let time = Double(seconds) + Double(attoseconds) / 1e18
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + time)
    }
}

extension ProcessSignal {
    /// The name without `SIG`, in capitals.
    fileprivate var name: String {
        switch self {
        case .terminate: "SIGTERM"
        case .interrupt: "SIGINT"
        case .hangUp: "SIGHUP"
        }
    }
}
