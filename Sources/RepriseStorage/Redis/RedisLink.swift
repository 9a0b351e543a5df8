internal import RepriseNetwork

/// One connection to one server, made again whenever it is lost, on which commands are pipelined.
///
///     idle ──first use──▶ connecting ──▶ ready
///                             │   ▲        │
///                             ▼   └────────┼── attempt after a back-off
///                            down ◀────────┘     (while down, commands fail at once)
///
/// Commands are written together once for each turn of the loop, in the order in which they came,
/// and answered in that order. While there is no connection they fail at once, except that until the
/// first attempt to connect has ended they wait, within their deadlines.
///
/// A command fails with ``StoreError/timedOut`` when its deadline is over. A server that sends
/// nothing at all for the usual deadline meanwhile is taken to be hung: the connection is closed,
/// and everything on it fails the same way. One that is just sending a large reply is given some
/// time more, lest that reply cost all others each time it is asked for.
///
/// Bound to its loop.
final class RedisLink {
    /// Who waits for a reply, which may be an error of the server's; called in a later turn.
    typealias Waiter = (Result<RESPValue, StoreError>) -> Void

    private enum State {
        /// Nobody has asked for a connection.
        case idle
        /// The first attempt to connect is under way.
        case connecting
        case ready(RedisConnection)
        /// There is no connection; a new one is attempted now and then.
        case down(StoreError)
        case closed
    }

    /// How many commands may wait for their replies.
    static let mostPending = 16_384

    /// The server.
    let endpoint: RedisEndpoint
    private let loop: any EventLoop
    private let address: RedisAddress
    private let dialer: RedisDialer
    private let patience: Duration
    private var state = State.idle
    /// The connection that is used or being made; all others are ignored.
    private var connection: RedisConnection?
    private var pending: RedisPendingCommands<Waiter>
    private var outbound: [UInt8] = []
    private var isFlushDue = false
    /// Fires not later than the first deadline of all that wait.
    private var timer: (deadline: MonotonicTime, timer: any LoopTimer)?
    private var attempt: (any LoopTimer)?
    private var backOff = RedisBackOff()
    private var givenUp: RedisHandshake.GivenUp?

    /// Makes a link that connects when it is first used, or told to.
    ///
    /// - Parameter patience: How long a server may be silent once a command is overdue.
    init(
        to endpoint: RedisEndpoint, address: RedisAddress, dialer: RedisDialer,
        patience: Duration, on loop: any EventLoop
    ) {
        self.endpoint = endpoint
        self.address = address
        self.dialer = dialer
        self.patience = patience
        pending = RedisPendingCommands(patience: patience, longestReply: dialer.deadline)
        self.loop = loop
    }

    // MARK: - Commands

    /// Sends a command.
    ///
    /// - Parameters:
    ///   - asking: Whether the command is for a slot that this server is about to take over.
    ///   - waiter: Called once, in a later turn.
    func send(
        _ command: RedisCommand, deadline: MonotonicTime, asking: Bool = false,
        _ waiter: @escaping Waiter
    ) {
        if let refusal {
            _ = loop.schedule(after: .zero) { waiter(.failure(refusal)) }
            return
        }
        if asking {
            outbound.append(RedisCommand("ASKING"))
            pending.append(nil, deadline: deadline, now: loop.now)
        }
        outbound.append(command)
        pending.append(waiter, deadline: deadline, now: loop.now)
        setTimer(deadline)
        guard !isFlushDue, case .ready = state else { return }
        isFlushDue = true
        loop.afterThisTurn { self.flush() }
    }

    /// Why a command cannot be taken now; nil when it can.
    private var refusal: StoreError? {
        switch state {
        case .idle: connect()
        case .connecting, .ready: break
        case .down(let reason): return reason
        case .closed: return .unavailable("the store is closed")
        }
        guard pending.count < Self.mostPending else {
            return .unavailable("too many commands wait for \(endpoint)")
        }
        return nil
    }

    /// Whether no command waits for a reply.
    var isIdle: Bool { pending.count == 0 }

    private func flush() {
        isFlushDue = false
        guard case .ready(let connection) = state, !outbound.isEmpty else { return }
        let bytes = outbound
        outbound = []
        connection.write(bytes)
    }

    // MARK: - The connection

    /// Begins to connect, unless that has been done.
    func connect() {
        guard case .idle = state else { return }
        state = .connecting
        dial()
    }

    /// Ends for good; everything on it fails.
    func close() {
        let last = connection
        connection = nil
        state = .closed
        attempt?.cancel()
        attempt = nil
        timer?.timer.cancel()
        timer = nil
        last?.close()
        failAll(.unavailable("the store is closed"))
    }

    private func dial() {
        if case .closed = state { return }
        let connection = RedisConnection(
            to: endpoint, handshake: RedisHandshake(address, givenUp: givenUp), user: self)
        self.connection = connection
        attempt = loop.schedule(after: dialer.deadline) { [self] in
            guard self.connection === connection else { return }
            connection.abort()
            lost(connection, .unavailable("\(endpoint) did not answer in time"))
        }
        connection.dial(by: dialer, on: loop)
    }

    /// There is no connection any more.
    ///
    /// - Parameters:
    ///   - failure: What commands fail with from now on.
    ///   - error: What those fail with that wait for a reply.
    private func goDown(_ failure: StoreError, pending error: StoreError) {
        connection = nil
        state = .down(failure)
        attempt?.cancel()
        attempt = loop.schedule(after: backOff.next(random: loop.randomNumber())) { self.dial() }
        failAll(error)
    }

    private func failAll(_ error: StoreError) {
        outbound = []
        let waiters = pending.takeAll()
        guard !waiters.isEmpty else { return }
        // In a turn of its own: one of them may be what brought this about.
        _ = loop.schedule(after: .zero) { for waiter in waiters { waiter(.failure(error)) } }
    }

    // MARK: - Deadlines

    /// One timer serves all commands: it is set for the first of their deadlines.
    private func setTimer(_ deadline: MonotonicTime) {
        if let timer {
            guard deadline < timer.deadline else { return }
            timer.timer.cancel()
        }
        let delay = max(.zero, deadline - loop.now)
        timer = (deadline, loop.schedule(after: delay) { self.timerFired(due: deadline) })
    }

    private func timerFired(due: MonotonicTime) {
        timer = nil
        let now = loop.now
        guard now - due > Self.lateness else { return look(at: now) }
        // The loop was held up by something else: what came meanwhile is to be read first.
        let next = now + Self.shortest
        timer = (
            next,
            loop.schedule(after: Self.shortest) { [self] in
                timer = nil
                look(at: loop.now)
            }
        )
    }

    private func look(at now: MonotonicTime) {
        var ready: RedisConnection?
        if case .ready(let connection) = state { ready = connection }
        let lapse = pending.lapse(now: now, isSent: ready != nil)
        if lapse.isHung, let ready {
            giveUp(ready)
        } else if let next = lapse.next {
            // Many that are overdue one after the other are looked through a few times only.
            setTimer(max(next, now + Self.shortest))
        }
        for waiter in lapse.overdue { waiter(.failure(.timedOut)) }
    }

    /// The shortest time between two looks at the deadlines.
    private static let shortest = Duration.milliseconds(2)
    /// How late a timer may be before its loop counts as having been held up.
    private static let lateness = Duration.milliseconds(20)

    /// Closes the connection to a server that hangs.
    private func giveUp(_ connection: RedisConnection) {
        if let id = connection.id, let address = connection.address {
            givenUp = RedisHandshake.GivenUp(id: id, address: address)
        }
        connection.abort()
        goDown(.unavailable("\(endpoint) did not answer in time"), pending: .timedOut)
    }
}

extension RedisLink: RedisConnectionUser {
    func becameReady(_ connection: RedisConnection) {
        guard self.connection === connection else { return }
        attempt?.cancel()
        attempt = nil
        givenUp = nil
        state = .ready(connection)
        // Those that waited may all be overdue by now, but their replies are awaited.
        if !isIdle { setTimer(loop.now + patience) }
        flush()
    }

    func noteArrival() { pending.noteArrival(now: loop.now) }

    func receive(_ reply: RESPValue) {
        guard let waiter = pending.takeFirst() else {
            guard let connection else { return }
            connection.abort()
            lost(connection, .unavailable("\(endpoint) answered what it was not asked"))
            return
        }
        backOff.reset()
        waiter?(.success(reply))
    }

    func lost(_ connection: RedisConnection, _ failure: StoreError) {
        guard self.connection === connection else { return }
        goDown(failure, pending: failure)
    }
}
