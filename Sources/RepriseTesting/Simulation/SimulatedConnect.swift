internal import RepriseNetwork

/// A connection under way: the request travels to the host, is answered or not, and the answer
/// travels back.
final class SimulatedConnect: LoopAttempt, EventTarget, OpenThing {
    /// When the system gives up on a host that does not answer (Linux: six repetitions).
    static let patience = Duration.seconds(127)

    private enum Event: Int {
        case requestArrives, answerArrives
    }

    let identifier: Int
    private let loop: SimulatedLoop
    private let address: SocketAddress
    private var completion: ((Result<any ByteStream, NetworkError>) -> Void)?
    private var outcome: Result<SimulatedStream, NetworkError> = .failure(.connectionTimedOut)
    private var handle: EventHandle?

    init(
        loop: SimulatedLoop, to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) {
        self.loop = loop
        self.address = address
        self.completion = completion
        identifier = loop.world.nextIdentifier()
        loop.world.opened(self)
    }

    private var world: WorldState { loop.world }

    var host: SimulatedNetwork { loop.host }

    var description: String { "connection of \(loop.name) to port \(address.port) under way" }

    func begin() {
        world.note("\(loop.name) connects to port \(address.port)")
        handle = world.add(
            self, code: Event.requestArrives.rawValue, on: nil, after: world.draw(wireDelay))
    }

    func cancel() {
        loop.requireTurn()
        guard completion != nil else { return }
        completion = nil
        if let handle { world.queue.cancel(handle) }
        if case .success(let stream) = outcome { stream.die() }
        world.closed(self)
    }

    func fire(_ code: Int) {
        if code == Event.requestArrives.rawValue {
            requestArrives()
        } else {
            let completion = completion
            self.completion = nil
            world.closed(self)
            switch outcome {
            case .success(let stream):
                world.note("\(stream.name) connected")
                completion?(.success(stream))
            case .failure(let error):
                world.note("\(loop.name) port \(address.port): \(error)")
                completion?(.failure(error))
            }
        }
    }

    private var wireDelay: DelayRange { world.faults.wireDelay }

    private func requestArrives() {
        if loop.isStopped { return world.closed(self) }
        var delay = world.draw(wireDelay)
        switch answer() {
        case nil: delay = Self.patience.wholeNanoseconds
        case .some(nil): outcome = .failure(.connectionRefused)
        case .some(.some(let listener)): outcome = .success(connection(to: listener))
        }
        handle = world.add(self, code: Event.answerArrives.rawValue, on: loop, after: delay)
    }

    /// Who answers: nobody (nil), a refusal (nil inside), or a listener.
    private func answer() -> SimulatedListener?? {
        let own = isLoopback(address.bytes) || address.bytes == loop.host.address
        let target = own ? loop.host : world.hosts.first { $0.address == address.bytes }
        guard let target else { return nil }
        switch target.reachability {
        case .silent: return nil
        case .refuses: return .some(nil)
        case .open: break
        }
        guard let listener = target.listener(at: address) else { return .some(nil) }
        if world.chance(world.faults.connectSilentProbability) { return nil }
        if world.chance(world.faults.connectRefusedProbability) { return .some(nil) }
        return listener.hasRoom ? .some(listener) : nil
    }

    private func connection(to listener: SimulatedListener) -> SimulatedStream {
        var source = loop.host.address(port: loop.host.freePort())
        if isLoopback(address.bytes),
            let loopback = SocketAddress(bytes: address.bytes, port: source.port)
        {
            source = loopback
        }
        let (here, there) = SimulatedStream.pair(
            on: loop, at: source, and: listener.takeLoop(), at: address)
        listener.arrived(there)
        return here
    }
}
