/// A look-up for which someone on a loop waits.
final class LookupAttempt: LoopAttempt {
    /// How long an answer may take.
    private static let deadline = Duration.seconds(30)

    private let loop: UVEventLoop
    private let host: String
    private let number: UInt64
    private let port: UInt16
    private var completion: ((Result<[SocketAddress], NetworkError>) -> Void)?
    private var timer: HeapTimer?

    /// Makes the wait for an answer.
    init(
        host: String, port: UInt16, number: UInt64, loop: UVEventLoop,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) {
        self.host = host
        self.port = port
        self.number = number
        self.loop = loop
        self.completion = completion
    }

    /// Begins to wait.
    fileprivate func startTimer() {
        timer = loop.scheduleTimer(after: Self.deadline) { [self] in
            loop.resolver.abandon(host, number: number, on: loop)
            loop.finishLookup(number, with: .failure(.lookupFailed("no answer within 30 s")))
        }
    }

    func cancel() {
        guard completion != nil else { return }
        assert(loop.isCurrent, "an attempt is cancelled on its loop's thread")
        completion = nil
        timer?.cancel()
        timer = nil
        if loop.lookups.removeValue(forKey: number) != nil {
            loop.resolver.abandon(host, number: number, on: loop)
        }
    }

    /// Passes the answer on.
    fileprivate func finish(_ answer: Resolver.Answer) {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        timer = nil
        completion(
            answer.map { addresses in
                addresses.map {
                    var address = $0
                    address.port = port
                    return address
                }
            })
    }
}

extension UVEventLoop {
    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt {
        assert(isCurrent, "a loop is used on its own thread")
        lookupSequence += 1
        let number = lookupSequence
        let attempt = LookupAttempt(
            host: host, port: port, number: number, loop: self, completion)
        guard !isEnding else { return attempt }
        if let answer = immediateAnswer(for: host)
            ?? resolver.lookUp(host, for: Resolver.Waiter(loop: self, number: number))
        {
            self.defer { attempt.finish(answer) }
        } else {
            // The answer cannot overtake this: it is posted to this thread.
            lookups[number] = attempt
            attempt.startTimer()
        }
        return attempt
    }

    /// What needs no look-up: addresses, and what can be no name (RFC 1035 §2.3.4).
    private func immediateAnswer(for host: String) -> Resolver.Answer? {
        if let address = SocketAddress(host: host, port: 0) { return .success([address]) }
        let bytes = host.utf8
        return bytes.isEmpty || bytes.count > 254 || bytes.contains(0)
            ? .failure(.unknownHost) : nil
    }

    /// Takes the answer to a look-up that may have been abandoned meanwhile.
    func finishLookup(_ number: UInt64, with answer: Resolver.Answer) {
        lookups.removeValue(forKey: number)?.finish(answer)
    }
}
