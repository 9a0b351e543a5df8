public import RepriseNetwork

/// A raw TCP server on a simulated host, each connection of which follows a script.
public final class ScriptedServer {
    /// The connections, in the order in which they were accepted.
    public private(set) var connections: [ScriptedPeer] = []
    private var listener: (any Listener)?

    /// Makes a server that listens.
    ///
    /// - Parameters:
    ///   - port: Its port; 0 takes a free one.
    ///   - limit: The most connections that are open at once.
    ///   - script: The steps of a connection, by its number from 0.
    /// - Throws: When somebody listens there already.
    public init(
        on host: SimulatedNetwork, port: UInt16 = 0, limit: Int = 1024,
        script: @escaping (Int) -> [ScriptedPeer.Step]
    ) throws(NetworkError) {
        let content = WorldBound(script)
        let server = WorldBound(Weak(self))
        listener = try host.listen(on: host.address(port: port), limit: limit) { stream in
            guard let self = server.value.object, let simulated = stream as? SimulatedStream else {
                return stream.abort()
            }
            let peer = ScriptedPeer(
                accepted: stream, on: simulated.simulatedLoop,
                script: content.value(self.connections.count))
            self.connections.append(peer)
        }
    }

    /// Where it listens.
    public var address: SocketAddress {
        guard let listener else { preconditionFailure("a server listens from the beginning") }
        return listener.address
    }

    /// Accepts no more; the address is free once the world has gone on.
    public func close() { listener?.close {} }
}

/// A value of a world in a closure that may be carried elsewhere.
///
/// `@unchecked Sendable` because a world and all that is in it is used by one thread at a time.
struct WorldBound<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

private struct Weak<Object: AnyObject> {
    weak var object: Object?

    init(_ object: Object) { self.object = object }
}
