internal import RepriseNetwork

/// A connection as other threads hold it.
struct ConnectionReference: Sendable {
    private let loop: any EventLoop
    private let bound: LoopBound<SimulatorConnection>

    /// Refers to a connection; on its loop.
    init(_ connection: SimulatorConnection, on loop: any EventLoop) {
        self.loop = loop
        bound = LoopBound(connection, on: loop)
    }

    /// Does something with the connection in a later turn of its loop.
    func post(_ action: @escaping @Sendable (SimulatorConnection) -> Void) {
        loop.post { [bound] in action(bound.value) }
    }
}
