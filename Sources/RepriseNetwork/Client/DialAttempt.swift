/// One connection that is being made.
///
///     look-up ─▶ race of addresses ─▶ [TLS with the proxy] ─▶ [CONNECT ─▶] [TLS with the origin]
final class DialAttempt: LoopAttempt {
    typealias Completion = (Result<any ByteStream, Dialer.Failure>) -> Void

    private let dialer: Dialer
    private let origin: Origin
    private let route: Route
    private let deadline: MonotonicTime
    /// What is under way.
    private var step: (any LoopAttempt)?
    private var timer: (any LoopTimer)?
    private var completion: Completion?

    /// Begins to make a connection.
    init(
        to origin: Origin, by route: Route, _ dialer: Dialer, _ completion: @escaping Completion
    ) {
        self.dialer = dialer
        self.origin = origin
        self.route = route
        self.completion = completion
        let timeout = dialer.configuration.timeout
        deadline = dialer.loop.now + timeout
        let first = firstStop
        timer = dialer.loop.schedule(after: timeout) { self.fail(.timedOut, at: self.firstStop) }
        step = dialer.loop.resolve(first.host, port: first.port) { self.resolved($0) }
    }

    /// Where the TCP connection leads.
    private var firstStop: Origin {
        switch route {
        case .direct: origin
        case .tunnel(let proxy), .forward(let proxy): proxy.origin
        }
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        timer = nil
        let step = step
        self.step = nil
        step?.cancel()
    }

    private func fail(_ error: NetworkError, at stop: Origin) {
        let completion = completion
        cancel()
        completion?(.failure(Dialer.Failure(host: stop.host, port: stop.port, error: error)))
    }

    private func succeed(_ stream: any ByteStream) {
        step = nil
        let completion = completion
        cancel()
        completion?(.success(stream))
    }

    private func resolved(_ result: Result<[SocketAddress], NetworkError>) {
        switch result {
        case .failure(let error): fail(error, at: firstStop)
        case .success([]): fail(.unknownHost, at: firstStop)
        case .success(let addresses):
            step = AddressRace(
                to: addresses, stagger: dialer.configuration.stagger, on: dialer.loop
            ) {
                self.connected($0)
            }
        }
    }

    private func connected(_ result: Result<any ByteStream, NetworkError>) {
        switch result {
        case .failure(let error): fail(error, at: firstStop)
        case .success(let stream):
            if firstStop.isSecure {
                secure(stream, with: firstStop) { self.reachedFirstStop($0) }
            } else {
                reachedFirstStop(stream)
            }
        }
    }

    private func reachedFirstStop(_ stream: any ByteStream) {
        guard case .tunnel(let proxy) = route else { return succeed(stream) }
        step = ProxyTunnel(to: origin, through: proxy, over: stream) { result in
            switch result {
            case .failure(.tls(let failure)): self.fail(.tls(failure), at: self.origin)
            case .failure(let error): self.fail(error, at: proxy.origin)
            case .success(let stream):
                guard self.origin.isSecure else { return self.succeed(stream) }
                self.secure(stream, with: self.origin) { self.succeed($0) }
            }
        }
    }

    private func secure(
        _ stream: any ByteStream, with stop: Origin, _ next: @escaping (any ByteStream) -> Void
    ) {
        guard let upgrade = dialer.configuration.secure else {
            stream.abort()
            return fail(.tls(.failed("there is no TLS in this assembly")), at: stop)
        }
        step = upgrade(stream, stop.host, deadline) { result in
            switch result {
            case .failure(let error): self.fail(error, at: stop)
            case .success(let stream): next(stream)
            }
        }
    }
}
