/// Connections to several addresses of one host, of which the first to stand wins (RFC 8305,
/// "happy eyeballs").
///
/// They are begun one after the other, a stagger apart or as soon as one has failed, the two
/// families taking turns; one that has begun goes on until another has won.
final class AddressRace: LoopAttempt {
    typealias Completion = (Result<any ByteStream, NetworkError>) -> Void

    private let loop: any EventLoop
    private let stagger: Duration
    /// Those that have not begun, the next one at the end.
    private var waiting: [SocketAddress]
    private var running: [Int: any LoopAttempt] = [:]
    private var begunCount = 0
    private var timer: (any LoopTimer)?
    private var completion: Completion?

    /// Begins a race.
    ///
    /// - Parameters:
    ///   - addresses: In the order of the system's preference; at least one.
    ///   - completion: Called once in a later turn, with the error of the connection that failed
    ///     last when none stands.
    init(
        to addresses: [SocketAddress], stagger: Duration, on loop: any EventLoop,
        _ completion: @escaping Completion
    ) {
        self.loop = loop
        self.stagger = stagger
        self.completion = completion
        waiting = Self.alternating(addresses).reversed()
        beginNext()
    }

    /// Addresses in their order, but with the families taking turns.
    static func alternating(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        var same = addresses.filter { $0.isIPv6 == first.isIPv6 }[...]
        var other = addresses.filter { $0.isIPv6 != first.isIPv6 }[...]
        var result: [SocketAddress] = []
        while result.count < addresses.count {
            if let next = same.popFirst() { result.append(next) }
            if let next = other.popFirst() { result.append(next) }
        }
        return result
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        timer = nil
        waiting = []
        let attempts = running.values
        running = [:]
        for attempt in attempts { attempt.cancel() }
    }

    private func beginNext() {
        timer?.cancel()
        timer = nil
        guard let address = waiting.popLast() else { return }
        let number = begunCount
        begunCount += 1
        running[number] = loop.connect(to: address) { self.settle(number, $0) }
        if !waiting.isEmpty {
            timer = loop.schedule(after: stagger) { self.beginNext() }
        }
    }

    private func settle(_ number: Int, _ result: Result<any ByteStream, NetworkError>) {
        running[number] = nil
        guard let completion else { return }
        if case .failure = result {
            if !waiting.isEmpty { return beginNext() }
            if !running.isEmpty { return }
        }
        cancel()
        completion(result)
    }
}
