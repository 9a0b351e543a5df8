import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import Synchronization
import Testing

/// The upstream in a simulated world: virtual time, and a wire that splits and holds back.
struct SimulatedWireTests {
    private let world: SimulatedWorld
    private let server: SimulatedNetwork
    private let client: SimulatedNetwork

    init() {
        (world, server, client) = Self.makeWorld(seed: 1, faults: .calm)
    }

    private static func makeWorld(
        seed: UInt64, faults: FaultPlan
    ) -> (SimulatedWorld, SimulatedNetwork, SimulatedNetwork) {
        let world = SimulatedWorld(seed: seed, faults: faults)
        return (world, world.addHost("upstream"), world.addHost("client"))
    }

    @Test func latencyAndPaceAreTakenInVirtualTime() throws {
        let response = SimulatedResponse.eventStream(
            ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"], pace: .seconds(40)
        ).delayed(by: .seconds(400))
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80), .always(response))
        let peer = ScriptedPeer(
            on: client, to: upstream.address,
            script: [
                .send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)),
                .awaitBytes(Array("0\r\n\r\n".utf8)), .close,
            ])
        #expect(world.run(limit: .seconds(600)) { peer.isOver && upstream.openConnections == 0 })
        let seconds = peer.arrivals.map { $0.time.nanoseconds / 1_000_000_000 }
        #expect(seconds == [400, 440, 480])
        #expect(upstream.responseCount == 1)
        #expect(upstream.disconnects.isEmpty)
    }

    /// Any split of the bytes, in both directions, with buffers of a few bytes.
    @Test(arguments: 0..<200)
    func anyWireCarriesTheSameBytes(_ seed: Int) throws {
        var faults = FaultPlan.calm
        faults.splitProbability = 0.5
        faults.byteByByteProbability = seed.isMultiple(of: 3) ? 1 : 0
        faults.tinyBufferProbability = 0.5
        faults.shortWriteProbability = 0.3
        faults.shortReadProbability = 0.3
        let (world, server, client) = Self.makeWorld(seed: UInt64(seed), faults: faults)
        let piece = Array("0123456789abcdef".utf8)
        let script = Script(rules: [
            .init(
                path: "/flood",
                answers: [
                    SimulatedResponse([
                        .head(status: 200, headers: [], framing: .chunked),
                        .flood(piece, times: 50), .end(),
                    ])
                ]),
            .init(path: "/json", answers: [.json("{}")]),
        ])
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80), script)
        let body = String(repeating: "b", count: 300)
        let sent =
            "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n"
            + "POST /json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            + "Content-Length: 300\r\n\r\n" + body
        let peer = ScriptedPeer(
            on: client, to: upstream.address,
            script: [.send(Array(sent.utf8)), .awaitEnd, .close])
        #expect(world.run { peer.isOver && upstream.openConnections == 0 })
        #expect(
            peer.receivedText == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + String(repeating: "10\r\n0123456789abcdef\r\n", count: 50) + "0\r\n\r\n"
                + "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2"
                + "\r\n\r\n{}")
        #expect(upstream.requests.map(\.headText).joined() + body == sent)
        #expect(upstream.requests.last?.bodyText == body)
        #expect(upstream.responseCount == 2)
        #expect(upstream.bytesWritten(connection: 1) == peer.received.count)
        #expect(upstream.disconnects.isEmpty)
    }

    @Test func floodGoesAtThePaceOfTheReader() throws {
        let piece = [UInt8](repeating: 0x78, count: 65_536)
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80),
            .always(
                SimulatedResponse([
                    .head(status: 200, headers: [], framing: .contentLength(64 * piece.count)),
                    .flood(piece, times: 64), .end(),
                ])))
        let peer = ScriptedPeer(
            on: client, to: upstream.address,
            script: [
                .stopReading, .send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)),
            ])
        world.run(for: .seconds(60))
        #expect(upstream.stallCount == 1)
        let written = upstream.bytesWritten(connection: 1)
        #expect(written > 0)
        #expect(written < 8 * piece.count)
        world.run(for: .seconds(60))
        #expect(upstream.bytesWritten(connection: 1) == written)
        peer.add([.readAgain])
        #expect(world.run { upstream.responseCount == 1 })
        #expect(upstream.bytesWritten(connection: 1) > 64 * piece.count)
    }

    @Test func gateHoldsAndPeersThatLeaveAreSeen() throws {
        let gate = Gate()
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80), .always(.json("{}").gated(by: gate)))
        let request = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        let leaving = [ScriptedPeer.Step.close, .abort].map {
            ScriptedPeer(
                on: client, to: upstream.address,
                script: [.send(request), .wait(.seconds(1)), $0])
        }
        let staying = ScriptedPeer(on: client, to: upstream.address, script: [.send(request)])
        #expect(world.run { gate.arrivalCount == 3 })
        #expect(world.run { leaving.allSatisfy(\.isOver) && upstream.openConnections == 1 })
        #expect(upstream.disconnects.map(\.bytesWritten) == [0, 0])
        gate.open()
        #expect(world.run { staying.receivedText.hasSuffix("{}") })
        #expect(upstream.responseCount == 1)
    }

    /// A peer that has all of a response may leave before the upstream has looked at what was sent.
    @Test(arguments: [false, true])
    func peerThatHasTheWholeResponseHasNotLeftEarly(_ aborts: Bool) throws {
        var faults = FaultPlan.calm
        faults.postDelay = DelayRange(.seconds(1), .seconds(1))
        let (world, server, client) = Self.makeWorld(seed: 1, faults: faults)
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80), .always(.json("{}")))
        let peer = ScriptedPeer(
            on: client, to: upstream.address,
            script: [
                .send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)),
                .awaitBytes(Array("{}".utf8)), aborts ? .abort : .close,
            ])
        #expect(world.run { peer.isOver && upstream.openConnections == 0 })
        #expect(upstream.responseCount == 1)
        #expect(upstream.disconnects.isEmpty)
    }

    @Test func stopLeavesNothingBehind() throws {
        let script = Script(rules: [
            .init(path: "/hang", answers: [.silence]),
            .init(path: "/late", answers: [.json("{}").delayed(by: .seconds(3000))]),
            .init(path: "/idle", answers: [.json("{}")]),
        ])
        let upstream = try SimulatedUpstream.start(
            on: server, at: server.address(port: 80), script)
        let peers = ["/hang", "/late", "/idle"].map { path in
            ScriptedPeer(
                on: client, to: upstream.address,
                script: [
                    .send(Array("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)), .awaitEnd,
                    .close,
                ])
        }
        #expect(world.run { upstream.requestCount == 3 && upstream.responseCount == 1 })
        let stops = Mutex(0)
        for _ in 0..<2 { upstream.stop { stops.withLock { $0 += 1 } } }
        #expect(world.run { stops.withLock { $0 } == 2 })
        upstream.stop { stops.withLock { $0 += 1 } }
        #expect(stops.withLock { $0 } == 3)
        #expect(world.run(limit: .seconds(10)) { peers.allSatisfy(\.isOver) })
        world.run(for: .seconds(10))
        #expect(world.leftovers.isEmpty)
        #expect(upstream.openConnections == 0)
        #expect(upstream.disconnects.isEmpty)
    }
}
