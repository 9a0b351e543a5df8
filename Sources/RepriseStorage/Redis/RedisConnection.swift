internal import RepriseNetwork

/// Who uses a ``RedisConnection``, on its loop.
protocol RedisConnectionUser: AnyObject {
    /// The connection's handshake has ended well.
    func becameReady(_ connection: RedisConnection)
    /// Bytes have come: the server lives.
    func noteArrival()
    /// A reply has come.
    func receive(_ reply: RESPValue)
    /// The connection, or the attempt to make it, has failed, and is over.
    func lost(_ connection: RedisConnection, _ failure: StoreError)
}

/// One connection to one server: first its handshake, then for its user.
///
///     dialling ──▶ greeting ──▶ ready
///         └───────────┴──────────┴──▶ over: lost, or closed by the user
///
/// Bound to its loop.
final class RedisConnection {
    private let endpoint: RedisEndpoint
    /// nil once over.
    private var user: (any RedisConnectionUser)?
    private var handshake: RedisHandshake?
    private var parser = RESPParser()
    private var dialling: (any LoopAttempt)?
    private var stream: (any ByteStream)?
    /// The server's number of this connection, once known.
    private(set) var id: Int64?

    /// Makes a connection that is not begun.
    init(to endpoint: RedisEndpoint, handshake: RedisHandshake, user: any RedisConnectionUser) {
        self.endpoint = endpoint
        self.handshake = handshake
        self.user = user
    }

    /// Begins to connect.
    func dial(by dialer: RedisDialer, on loop: any EventLoop) {
        dialling = dialer.open(endpoint, on: loop) { [self] result in
            dialling = nil
            switch result {
            case .failure(let error): lose(error)
            case .success(let stream):
                self.stream = stream
                if let handshake { send([handshake.start()]) }
                stream.receiver = self
            }
        }
    }

    /// This side's address as Redis writes it.
    var address: String? { stream.map { $0.localAddress.description } }

    /// Sends bytes.
    func write(_ bytes: [UInt8]) {
        stream?.write(keeping: bytes)
    }

    /// Ends the connection behind what is written, without a word to the user.
    func close() {
        leave()?.close()
    }

    /// Ends the connection at once, without a word to the user: what the server has not taken, it
    /// is not to get.
    func abort() {
        leave()?.abort()
    }

    private func leave() -> (any ByteStream)? {
        user = nil
        dialling?.cancel()
        dialling = nil
        defer { stream = nil }
        return stream
    }

    private func lose(_ failure: StoreError) {
        guard let user else { return }
        abort()
        user.lost(self, failure)
    }

    private func lose(_ words: String) {
        lose(.unavailable("\(endpoint) \(words)"))
    }

    private func take(_ reply: RESPValue) {
        guard var handshake else {
            user?.receive(reply)
            return
        }
        let action = handshake.receive(reply)
        self.handshake = handshake
        switch action {
        case .send(let commands): send(commands)
        case .wait: break
        case .ready(let id):
            self.id = id
            self.handshake = nil
            user?.becameReady(self)
        case .fail(let failure, let words):
            let isKnown = failure.code != "ERR" || words.isEmpty
            lose(isKnown ? failure.storeError(of: endpoint) : .unavailable("\(endpoint) \(words)"))
        }
    }

    private func send(_ commands: [RedisCommand]) {
        var bytes: [UInt8] = []
        for command in commands { bytes.append(command) }
        write(bytes)
    }
}

extension RedisConnection: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        user?.noteArrival()
        var position = 0
        do throws(RESPError) {
            // A reply may bring it about that the connection is given up.
            while user != nil, let reply = try parser.next(bytes, at: &position) { take(reply) }
        } catch {
            lose("does not speak as Redis does: \(error.reason)")
        }
    }

    func streamDrained() {}

    func streamEnded() { lose("closed the connection") }

    func streamClosed(_ reason: StreamCloseReason) {
        switch reason {
        case .tls(let failure): lose(RedisDialer.reason(failure))
        case .closedHere, .ended, .reset, .truncated, .system: lose("closed the connection")
        }
    }
}
