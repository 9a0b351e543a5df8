import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RepriseServer
import RepriseSimulator

/// Sends the same requests twice through a proxy of its own, to a simulated API of its own.
enum Demonstration {
    /// What one request and its repetition came to.
    struct Row: Sendable {
        var name: String
        var miss: Answer
        var hit: Answer
        /// How many calls the upstream had for both.
        var upstreamCalls: Int

        var hasSameBytes: Bool { miss.body == hit.body && miss.status == hit.status }

        /// Whether it shows what it is meant to show.
        var isConvincing: Bool {
            hasSameBytes && upstreamCalls == 1 && hit.cacheStatus.hasPrefix("reprise; hit")
        }
    }

    /// One answer as a client sees it.
    struct Answer: Sendable {
        var status: UInt
        var cacheStatus: String
        var body: ByteBuffer
        var duration: Duration
    }

    /// Starts both, asks, and stops both.
    static func run() async throws -> [Row] {
        let script = Script.builtIn(latency: .milliseconds(400), pace: .milliseconds(40))
        return try await SimulatedUpstream.run(script) { upstream in
            var settings = ServerSettings()
            settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
            settings.store = "memory:"
            settings.logLevel = .critical
            do {
                settings.defaultUpstream = try UpstreamURL(parsing: upstream.origin + "/v1")
            } catch {
                throw StartError("\(upstream.origin) is no upstream: \(error)")
            }
            return try await ask(through: ProxyAssembly(settings, environment: [:]), upstream)
        }
    }

    private static func ask(
        through assembly: ProxyAssembly, _ upstream: SimulatedUpstream
    ) async throws -> [Row] {
        let (addresses, listening) = AsyncStream<ListenAddress>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // The proxy serves for as long as it is asked, and is then cancelled.
            group.addTask {
                defer { listening.finish() }
                try await assembly.run(stoppingOnSignals: false) { listening.yield($0) }
            }
            var rows: [Row] = []
            for await address in addresses {
                rows = try await ask(at: "http://\(address)/proxy", upstream)
                break
            }
            group.cancelAll()
            if rows.isEmpty { try await group.next() }
            return rows
        }
    }

    private static func ask(at base: String, _ upstream: SimulatedUpstream) async throws -> [Row] {
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        var rows: [Row] = []
        do {
            for (name, stream) in [
                ("chat completion, JSON", false), ("the same as a stream", true),
            ] {
                let before = upstream.requestCount
                let body = """
                    {"model":"gpt-4o-mini","stream":\(stream),"messages":\
                    [{"role":"user","content":"Why is the sky blue?"}]}
                    """
                let miss = try await post(body, to: base + "/chat/completions", client)
                let hit = try await post(body, to: base + "/chat/completions", client)
                rows.append(
                    Row(
                        name: name, miss: miss, hit: hit,
                        upstreamCalls: upstream.requestCount - before))
            }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        return rows
    }

    private static func post(
        _ body: String, to url: String, _ client: HTTPClient
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        let begun = ContinuousClock.now
        let response = try await client.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: response.status.code,
            cacheStatus: response.headers.first(name: "cache-status") ?? "",
            body: bytes, duration: ContinuousClock.now - begun)
    }
}
