import RepriseNetwork
import RepriseTesting

/// A pair of simulated streams for the contract.
final class SimulatedPair: ByteStreamPair {
    let world: SimulatedWorld
    let near: any ByteStream
    let far: any ByteStream

    struct NotConnected: Error {}

    init(seed: UInt64, faults: FaultPlan = .calm, sameLoop: Bool = false) throws {
        world = SimulatedWorld(seed: seed, faults: faults, traceLimit: 200)
        let server = world.addHost("server")
        let client = sameLoop ? server : world.addHost("client")
        nonisolated(unsafe) var accepted: (any ByteStream)?
        var connected: (any ByteStream)?
        let listener = try server.listen(on: server.address(port: 80), limit: 1) { accepted = $0 }
        client.loop.perform {
            _ = client.loop.connect(to: listener.address) { connected = try? $0.get() }
        }
        _ = world.run { accepted != nil && connected != nil }
        guard let accepted, let connected else { throw NotConnected() }
        near = connected
        far = accepted
        listener.close {}
    }

    func perform(on stream: any ByteStream, _ action: () -> Void) {
        (stream.loop as? SimulatedLoop)?.perform(action)
    }

    func run(until condition: () -> Bool) -> Bool { world.run(until: condition) }

    func settle() { world.run(for: .milliseconds(200)) }
}
