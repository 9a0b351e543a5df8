import NIOCore
import RepriseCore

/// One connection to one server, made again whenever it is lost, on which commands are pipelined.
///
/// Commands are written together once for each turn of the event loop, in the order in which they
/// came, and answered in that order. While there is no connection they fail at once, except that
/// until the first attempt to connect has ended they wait, within their deadlines.
///
/// A command fails with ``StoreError/timedOut`` when its deadline is over. A server that sends
/// nothing at all for the usual deadline meanwhile is taken to be hung: the connection is closed,
/// and everything on it fails the same way. One that is just sending a large reply is given some
/// time more, lest that reply cost all others each time it is asked for.
///
/// All of it belongs to one event loop: each method is called there only, so that no two calls ever
/// overlap, which is why it may be sent about.
final class RedisLink: @unchecked Sendable {
    /// Who waits for a reply.
    private enum Waiter {
        case text(EventLoopPromise<ByteBuffer?>)
        case value(EventLoopPromise<RESPValue>)
    }

    private enum State {
        /// Nobody has asked for a connection.
        case idle
        /// The first attempt to connect is under way.
        case connecting
        case ready(RedisChannelHandler)
        /// There is no connection; a new one is attempted now and then.
        case down(StoreError)
        case closed
    }

    /// How many commands may wait for their replies.
    static let mostPending = 16_384

    /// The server.
    let endpoint: RedisEndpoint
    private let eventLoop: any EventLoop
    private let address: RedisAddress
    private let dialer: RedisDialer
    private let patience: TimeAmount
    private var state = State.idle
    /// The handler of the connection that is used or being made; all others are ignored.
    private var handler: RedisChannelHandler?
    private var pending: RedisPendingCommands<Waiter>
    private var outbound = ByteBuffer()
    private var isFlushDue = false
    /// Fires not later than the first deadline of all that wait.
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    private var attempt: Scheduled<Void>?
    private var backOff = RedisBackOff()
    private var givenUp: RedisHandshake.GivenUp?

    /// Makes a link that connects when it is first used, or told to.
    ///
    /// - Parameter patience: How long a server may be silent once a command is overdue.
    init(
        to endpoint: RedisEndpoint, address: RedisAddress, dialer: RedisDialer,
        patience: TimeAmount, on eventLoop: any EventLoop
    ) {
        self.endpoint = endpoint
        self.address = address
        self.dialer = dialer
        self.patience = patience
        pending = RedisPendingCommands(patience: patience, longestReply: dialer.deadline)
        self.eventLoop = eventLoop
    }

    // MARK: - Commands

    /// Reads an entry; fails with a ``StoreError``, or in a cluster with a ``RedisRedirection``.
    ///
    /// A value that is no string is none of ours, and will be replaced: it counts as nothing.
    func get(
        _ key: CacheKey, deadline: NIODeadline, asking: Bool = false
    ) -> EventLoopFuture<ByteBuffer?> {
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        if let refusal {
            promise.fail(refusal)
            return promise.futureResult
        }
        if asking { writeAsking(deadline) }
        outbound.writeGet(key)
        append(.text(promise), deadline)
        return promise.futureResult
    }

    /// Sends any command; fails as ``get(_:deadline:asking:)`` does.
    func send(
        _ command: RedisCommand, deadline: NIODeadline, asking: Bool = false
    ) -> EventLoopFuture<RESPValue> {
        let promise = eventLoop.makePromise(of: RESPValue.self)
        if let refusal {
            promise.fail(refusal)
            return promise.futureResult
        }
        if asking { writeAsking(deadline) }
        outbound.writeCommand(command)
        append(.value(promise), deadline)
        return promise.futureResult
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

    /// The next command is for a slot that this server is about to take over.
    private func writeAsking(_ deadline: NIODeadline) {
        outbound.writeCommand(RedisCommand("ASKING"))
        append(nil, deadline)
    }

    private func append(_ waiter: Waiter?, _ deadline: NIODeadline) {
        pending.append(waiter, deadline: deadline, now: .now())
        setTimer(deadline)
        guard !isFlushDue, case .ready = state else { return }
        isFlushDue = true
        eventLoop.execute { self.flush() }
    }

    private func flush() {
        isFlushDue = false
        guard case .ready(let handler) = state, outbound.readableBytes > 0 else { return }
        handler.write(outbound)
        if outbound.capacity > 1 << 16 {
            outbound = ByteBuffer()
        } else {
            // Keeps its memory if it has been written already.
            outbound.clear()
        }
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
        let last = handler
        handler = nil
        state = .closed
        attempt?.cancel()
        timer?.task.cancel()
        failAll(.unavailable("the store is closed"))
        last?.close()
    }

    /// Whether a handler's connection is still wanted.
    func uses(_ handler: RedisChannelHandler) -> Bool { self.handler === handler }

    /// A connection's handshake has ended well.
    func becameReady(_ handler: RedisChannelHandler) {
        guard uses(handler) else { return }
        attempt?.cancel()
        givenUp = nil
        state = .ready(handler)
        // Those that waited may all be overdue by now, but their replies are awaited.
        if !isIdle { setTimer(.now() + patience) }
        flush()
    }

    /// A connection, or the attempt to make it, has failed; the words follow the server's name.
    func lost(_ handler: RedisChannelHandler, _ reason: String) {
        lost(handler, .unavailable("\(endpoint) \(reason)"))
    }

    /// A connection, or the attempt to make it, has failed.
    ///
    /// - Parameter failure: What commands fail with from now on.
    /// - Parameter error: What those fail with that wait for a reply; nil for the same.
    func lost(
        _ handler: RedisChannelHandler, _ failure: StoreError, pending error: StoreError? = nil
    ) {
        guard uses(handler) else { return }
        self.handler = nil
        attempt?.cancel()
        state = .down(failure)
        let delay = Self.delay(&backOff)
        attempt = eventLoop.scheduleTask(in: delay) { self.dial() }
        handler.close()
        failAll(error ?? failure)
    }

    private static func delay(_ backOff: inout RedisBackOff) -> TimeAmount {
        var random = SystemRandomNumberGenerator()
        return backOff.next(using: &random)
    }

    private func dial() {
        if case .closed = state { return }
        let handler = RedisChannelHandler(
            link: self, handshake: RedisHandshake(address, givenUp: givenUp))
        self.handler = handler
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        attempt = eventLoop.scheduleTask(in: dialer.deadline) {
            self.lost(bound.value, "did not answer in time")
        }
        dialer.open(endpoint, on: eventLoop, handler).whenFailure { error in
            if let error = error as? StoreError { return self.lost(bound.value, error) }
            self.lost(bound.value, RedisDialer.reason(error))
        }
    }

    /// Something has arrived, be it a part of a reply only.
    func noteArrival() { pending.noteArrival(now: .now()) }

    /// A reply has arrived.
    func receive(_ value: RESPValue) {
        guard let waiter = pending.takeFirst() else {
            if let handler { lost(handler, "answered what it was not asked") }
            return
        }
        backOff.reset()
        switch waiter {
        case nil: break
        case .value(let promise):
            if case .error(let failure) = value {
                promise.fail(error(failure))
            } else {
                promise.succeed(value)
            }
        case .text(let promise):
            switch value {
            case .bulk(let text): promise.succeed(text)
            case .null: promise.succeed(nil)
            case .error(let failure) where failure.code == "WRONGTYPE": promise.succeed(nil)
            case .error(let failure): promise.fail(error(failure))
            case .simple, .integer, .array:
                promise.fail(StoreError.corrupt("\(endpoint) answered GET with no text"))
            }
        }
    }

    private func error(_ failure: RedisFailure) -> any Error {
        if address.isCluster, let redirection = failure.redirection { return redirection }
        return failure.storeError(of: endpoint)
    }

    private func failAll(_ error: StoreError) {
        outbound = ByteBuffer()
        for waiter in pending.takeAll() { fail(waiter, error) }
    }

    private func fail(_ waiter: Waiter, _ error: StoreError) {
        switch waiter {
        case .text(let promise): promise.fail(error)
        case .value(let promise): promise.fail(error)
        }
    }

    // MARK: - Deadlines

    /// One timer serves all commands: it is set for the first of their deadlines.
    private func setTimer(_ deadline: NIODeadline) {
        if let timer {
            guard deadline < timer.deadline else { return }
            timer.task.cancel()
        }
        timer = (deadline, eventLoop.scheduleTask(deadline: deadline) { self.timerFired() })
    }

    private func timerFired() {
        timer = nil
        let now = NIODeadline.now()
        var ready: RedisChannelHandler?
        if case .ready(let handler) = state { ready = handler }
        let lapse = pending.lapse(now: now, isSent: ready != nil)
        if lapse.isHung, let ready {
            giveUp(ready)
        } else if let next = lapse.next {
            // Many that are overdue one after the other are looked through a few times only.
            setTimer(max(next, now + .milliseconds(2)))
        }
        for waiter in lapse.overdue { fail(waiter, .timedOut) }
    }

    /// Closes the connection to a server that hangs.
    private func giveUp(_ handler: RedisChannelHandler) {
        if let id = handler.id, let address = handler.address {
            givenUp = RedisHandshake.GivenUp(id: id, address: address)
        }
        lost(handler, .unavailable("\(endpoint) did not answer in time"), pending: .timedOut)
    }
}
