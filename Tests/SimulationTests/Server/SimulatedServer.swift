import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseServer
import RepriseSimulator
import RepriseStorage
import RepriseTesting
import Synchronization
import Testing

@testable import reprise

/// The whole server in a simulated world, with a scripted upstream and clients that a test drives.
final class SimulatedServer {
    let world: SimulatedWorld
    /// Where the server runs.
    let host: SimulatedNetwork
    let upstream: SimulatedUpstream
    let assembly: ProxyAssembly
    let address: SocketAddress
    let log: RecordingLog
    private let clientHost: SimulatedNetwork

    /// Starts a world with a server that listens.
    init(
        seed: UInt64 = 1, faults: FaultPlan = .calm, traceLimit: Int = 0, loopCount: Int = 1,
        _ script: Script, change: (inout ServerSettings) -> Void = { _ in }
    ) throws {
        world = SimulatedWorld(seed: seed, faults: faults, traceLimit: traceLimit)
        host = world.addHost("server", loopCount: loopCount)
        let upstreamHost = world.addHost("upstream")
        clientHost = world.addHost("client")
        log = RecordingLog(in: world)
        upstream = try .start(on: upstreamHost, at: upstreamHost.address(port: 8080), script)
        var settings = ServerSettings()
        settings.defaultUpstream = try BaseURL(parsing: Array("http://upstream:8080/v1".utf8))
        settings.store = .memory
        change(&settings)
        assembly = ProxyAssembly(
            ProxyPlan(settings, proxies: ProxyConfiguration()), network: host, persistent: nil,
            storeName: "memory:", logger: Logger(level: .info, destination: log))
        let isReady = Flag()
        assembly.start { isReady.set() }
        try #require(world.run { isReady.isSet })
        address = try assembly.server.listen(on: host.address(port: 80), limit: 100)
    }

    /// Connects a client.
    func connect(_ script: [ScriptedPeer.Step] = []) -> ScriptedPeer {
        ScriptedPeer(on: clientHost, to: address, script: script)
    }

    /// Sends pieces, each of which is one read of the server's, on a connection of their own, and
    /// gives the bytes of the responses to them.
    func exchange(_ pieces: [[UInt8]], responses count: Int = 1) throws -> [[UInt8]] {
        let peer = connect()
        let answers = try exchange(pieces, responses: count, on: peer)
        peer.add([.close])
        try #require(world.run { peer.isOver })
        return answers
    }

    /// Sends pieces on a connection that is open, and gives the bytes of the responses to them.
    func exchange(
        _ pieces: [[UInt8]], responses count: Int = 1, on peer: ScriptedPeer
    ) throws -> [[UInt8]] {
        let start = peer.received.count
        for piece in pieces { peer.add([.send(piece), .wait(.milliseconds(1))]) }
        var answers: [[UInt8]] = []
        var seen = start
        _ = world.run(limit: .seconds(60)) {
            if peer.received.count > seen {
                seen = peer.received.count
                answers = Self.responses(in: Array(peer.received[start...]))
            }
            return answers.count >= count || peer.isOver
        }
        try #require(answers.count == count, "\(peer.receivedText)")
        return answers
    }

    /// Ends the server and the upstream, and gives what is left in the world.
    func end() throws -> [String] {
        let hasEnded = Flag()
        assembly.end(within: .seconds(5)) { hasEnded.set() }
        try #require(world.run { hasEnded.isSet })
        let hasStopped = Flag()
        upstream.stop { hasStopped.set() }
        try #require(world.run { hasStopped.isSet })
        world.runUntilIdle()
        return world.leftovers
    }

    /// Whether the fast path knows these bytes.
    func knows(_ bytes: [UInt8]) -> Bool {
        let memory = assembly.store.memory
        let nothing: [UInt8] = []
        return memory.key(for: memory.fingerprint(head: bytes.span, body: nothing.span)) != nil
    }

    /// The whole responses that bytes begin with, each with its head.
    private static func responses(in bytes: [UInt8]) -> [[UInt8]] {
        var responses: [[UInt8]] = []
        var (start, position) = (0, 0)
        while position < bytes.count {
            var parser = HTTP1ResponseParser(limits: HTTP1Limits(), to: .other)
            while !parser.hasEnded {
                // Bytes that are no response are none.
                guard let event = try? parser.next(bytes.span, from: &position) else {
                    return responses
                }
                if event == .end { responses.append(Array(bytes[start..<position])) }
            }
            start = position
        }
        return responses
    }
}

/// Something that has happened or not.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
