public import RepriseNetwork

extension SimulatedLoop {
    /// Finds the addresses of a host, in the world's table of names.
    public func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt {
        requireTurn()
        let (result, delay) = lookUp(host, port: port)
        let attempt = SimulatedAttempt(loop: self, what: "look-up of \(host)") {
            completion(result)
        }
        attempt.happen(after: delay)
        return attempt
    }

    private func lookUp(
        _ host: String, port: UInt16
    ) -> (Result<[SocketAddress], NetworkError>, delay: Int64) {
        func addresses(_ list: [[UInt8]]) -> Result<[SocketAddress], NetworkError> {
            let found = list.compactMap { SocketAddress(bytes: $0, port: port) }
            return found.isEmpty ? .failure(.unknownHost) : .success(found)
        }
        let delay = world.draw(world.faults.lookupDelay)
        if let bytes = addressBytes(ofText: host) { return (addresses([bytes]), delay) }
        let name = host.lowercased()
        if name == "localhost" { return (addresses([[127, 0, 0, 1]]), delay) }
        var record = world.names[name] ?? .unknown
        if world.chance(world.faults.lookupFailureProbability) {
            record = .failing("Temporary failure in name resolution")
        } else if world.chance(world.faults.lookupSilentProbability) {
            record = .silent
        }
        switch record {
        case .addresses(let list): return (addresses(list), delay)
        case .unknown: return (.failure(.unknownHost), delay)
        case .failing(let reason): return (.failure(.lookupFailed(reason)), delay)
        case .silent:
            let reason = "Temporary failure in name resolution"
            return (.failure(.lookupFailed(reason)), 30_000_000_000)
        }
    }

    /// Connects to one address: that of another host, or one of this host's own.
    public func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        requireTurn()
        let attempt = SimulatedConnect(loop: self, to: address, completion)
        attempt.begin()
        return attempt
    }
}

/// A look-up under way.
final class SimulatedAttempt: LoopAttempt, EventTarget, OpenThing {
    let identifier: Int
    private let loop: SimulatedLoop
    private let what: String
    private var completion: (() -> Void)?
    private var handle: EventHandle?

    init(loop: SimulatedLoop, what: String, completion: @escaping () -> Void) {
        self.loop = loop
        self.what = what
        self.completion = completion
        identifier = loop.world.nextIdentifier()
        loop.world.opened(self)
    }

    var host: SimulatedNetwork { loop.host }

    var description: String { "\(what) by \(loop.name)" }

    func happen(after delay: Int64) {
        handle = loop.world.add(self, on: loop, after: delay)
    }

    func cancel() {
        loop.requireTurn()
        guard completion != nil else { return }
        completion = nil
        if let handle { loop.world.queue.cancel(handle) }
        loop.world.closed(self)
    }

    func fire(_ code: Int) {
        let completion = completion
        self.completion = nil
        loop.world.closed(self)
        loop.world.note("\(loop.name) \(what) ends")
        completion?()
    }
}
