import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseServer
import RepriseSimulator

/// Sends the same requests twice through a proxy of its own, to a simulated API of its own.
enum Demonstration {
    /// What one request and its repetition came to.
    struct Row: Sendable {
        var name: String
        var miss: DemonstrationAnswer
        var hit: DemonstrationAnswer
        /// How many calls the upstream had for both.
        var upstreamCalls: Int

        var hasSameBytes: Bool { miss.body == hit.body && miss.status == hit.status }

        /// Whether it shows what it is meant to show.
        var isConvincing: Bool {
            hasSameBytes && upstreamCalls == 1 && hit.cacheStatus.hasPrefix("reprise; hit")
        }
    }

    /// Starts both, asks, and stops both.
    static func run() throws(StartError) -> [Row] {
        let network = SystemNetwork(loopCount: 2)
        let script = Script.builtIn(latency: .milliseconds(400), pace: .milliseconds(40))
        do throws(NetworkError) {
            try network.start()
        } catch {
            throw StartError("the event loops cannot be started: \(error.words)")
        }
        defer { network.stop() }
        let upstream: SimulatedUpstream
        do throws(NetworkError) {
            upstream = try .start(on: network, script)
        } catch {
            throw StartError("the simulated API cannot listen: \(error.words)")
        }
        defer { Completion.wait { upstream.stop($0) } }
        return try ask(through: try assembly(to: upstream, on: network), upstream)
    }

    private static func assembly(
        to upstream: SimulatedUpstream, on network: SystemNetwork
    ) throws(StartError) -> ProxyAssembly {
        var settings = ServerSettings()
        do throws(BaseURL.Flaw) {
            settings.defaultUpstream = try BaseURL(parsing: Array(upstream.baseURL.utf8))
        } catch {
            throw StartError("\(upstream.baseURL) is no upstream: \(error)")
        }
        // Never through a proxy of the environment's: all of it happens on this machine.
        return ProxyAssembly(
            ProxyPlan(settings, proxies: ProxyConfiguration()), network: network, persistent: nil,
            storeName: "memory:", logger: Logger(level: .critical, destination: NoLog()))
    }

    private static func ask(
        through assembly: ProxyAssembly, _ upstream: SimulatedUpstream
    ) throws(StartError) -> [Row] {
        Completion.wait { assembly.start($0) }
        defer { Completion.wait { assembly.end(within: .seconds(1), $0) } }
        let address: SocketAddress
        do throws(NetworkError) {
            address = try assembly.server.listen(on: SimulatedUpstream.loopback(), limit: 16)
        } catch {
            throw StartError("the proxy cannot listen: \(error.words)")
        }
        let client = DemonstrationClient(of: address, on: assembly.network.loops[0])
        defer { client.shutDown() }
        var rows: [Row] = []
        for (name, stream) in [("chat completion, JSON", false), ("the same as a stream", true)] {
            let before = upstream.requestCount
            let body = """
                {"model":"gpt-4o-mini","stream":\(stream),"messages":\
                [{"role":"user","content":"Why is the sky blue?"}]}
                """
            let miss = try client.post(body, to: "/proxy/chat/completions")
            let hit = try client.post(body, to: "/proxy/chat/completions")
            rows.append(
                Row(
                    name: name, miss: miss, hit: hit,
                    upstreamCalls: upstream.requestCount - before))
        }
        return rows
    }
}

/// A log that nobody reads.
private final class NoLog: LogDestination {
    func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {}
}
