import RepriseNetwork

/// The loop that all clients of these tests live on; it runs as long as the tests do.
enum ClientNetwork {
    static let loop: any EventLoop = {
        let network = SystemNetwork(loopCount: 1)
        do {
            try network.start()
        } catch {
            preconditionFailure("the clients' loop cannot be started: \(error)")
        }
        return network.loops[0]
    }()
}
