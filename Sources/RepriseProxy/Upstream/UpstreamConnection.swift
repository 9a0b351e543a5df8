import NIOCore
import NIOSSL
import NIOTLS
import RepriseCore

/// One connection to an upstream, for one exchange after the other.
///
/// Bound to its event loop.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Whether requests can be sent.
    private enum Readiness {
        case connecting((Result<Void, any Error>) -> Void)
        case awaited
        case ready
        case failed(any Error)
    }

    private let pool: UpstreamPool
    /// Index of the upstream that it leads to.
    let upstream: Int
    private let isSecure: Bool
    private var readiness = Readiness.awaited
    private var state = UpstreamConnectionState()
    private var exchange: UpstreamExchange?
    private var context: ChannelHandlerContext?
    /// What has come of a response and could not be read yet.
    private var received: ByteBuffer?
    private var isHeld = false
    /// Whether an answer may come while part of the request waits for the kernel to take it.
    private var mayLag = false
    private var watch: IdleWatch
    private var nextCheck: Scheduled<Void>?
    /// When its last exchange ended.
    private(set) var idleSince = NIODeadline.now()

    /// Makes the handler of a connection that is being made.
    init(to upstream: Int, isSecure: Bool, pool: UpstreamPool) {
        self.upstream = upstream
        self.isSecure = isSecure
        self.pool = pool
        watch = IdleWatch(limit: pool.idleTimeout, now: idleSince)
    }

    /// Whether it takes a request.
    var isUsable: Bool { context?.channel.isActive == true && !state.isBusy }

    // MARK: Connecting

    /// Has `callback` called once requests can be sent, or the connection has failed.
    func whenReady(_ callback: @escaping (Result<Void, any Error>) -> Void) {
        switch readiness {
        case .ready: callback(.success(()))
        case .failed(let error): callback(.failure(error))
        case .awaited, .connecting: readiness = .connecting(callback)
        }
    }

    private func settle(_ result: Result<Void, any Error>) {
        let before = readiness
        switch (before, result) {
        case (.ready, _), (.failed, _): return
        case (_, .success): readiness = .ready
        case (_, .failure(let error)): readiness = .failed(error)
        }
        if case .connecting(let callback) = before { callback(result) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        nextCheck?.cancel()
        nextCheck = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { settle(.success(())) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            settle(.success(()))
        }
    }

    // MARK: Sending

    /// Sends a request, whose response goes to its exchange.
    ///
    /// To be called when it ``isUsable``.
    func begin(_ request: SerializedRequest, for exchange: UpstreamExchange) {
        guard let context, state.begin(isHead: request.isHead, isWhole: request.upload == nil)
        else { return exchange.fail(.connectionLost) }
        self.exchange = exchange
        if let body = request.longBody {
            context.write(wrapOutboundOut(request.bytes), promise: nil)
            context.writeAndFlush(wrapOutboundOut(body), promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(request.bytes), promise: nil)
        }
        mayLag = request.longBody != nil || request.upload != nil
        watch.note(.now(), unwritten: unwrittenBytes)
        if nextCheck == nil { scheduleCheck(in: watch.limit) }
    }

    /// Sends a piece of a request that has begun.
    ///
    /// - Returns: Succeeds when the kernel has it.
    func write(_ pieces: [ByteBuffer]) -> EventLoopFuture<Void> {
        guard let context, state.isBusy else {
            return pool.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        for piece in pieces.dropLast() {
            context.write(wrapOutboundOut(piece), promise: nil)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(
            wrapOutboundOut(pieces.last ?? ByteBuffer()), promise: promise)
        return promise.futureResult
    }

    /// The request has been sent to its end: now it is the upstream's turn.
    func endRequest() {
        state.endRequest()
        watch.note(.now(), unwritten: unwrittenBytes)
    }

    private var unwrittenBytes: Int {
        guard mayLag else { return 0 }
        let bytes = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        // A channel that cannot tell has none to be waited for.
        return bytes ?? 0
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        watch.note(.now())
        var arrived = unwrapInboundIn(data)
        if var whole = received {
            received = nil
            whole.writeBuffer(&arrived)
            arrived = whole
        }
        let before = arrived.readerIndex
        receive: while true {
            switch state.receive(&arrived) {
            case .wait: break receive
            case .head(let head, let isFramed): exchange?.receive(head, isFramed: isFramed)
            case .body(let piece): if exchange?.receive(piece) == false { hold() }
            // The next exchange may begin before these return.
            case .end(let keepsAlive): return end(keepsAlive: keepsAlive && unwrittenBytes == 0)
            case .fail: return lose(.connectionLost)
            case .close: return close()
            }
        }
        guard state.isBusy, arrived.readableBytes > 0 else { return }
        // Appending to what shares its memory with pieces given away would copy all of that.
        received = arrived.readerIndex == before ? arrived : ByteBuffer(buffer: arrived)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(isClean: true)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        settle(.failure(error))
        ended(isClean: false)
        context.close(promise: nil)
    }

    private func ended(isClean: Bool) {
        settle(.failure(ChannelError.eof))
        switch state.receiveEnd(isClean: isClean) {
        case .end: end(keepsAlive: false)
        case .fail: lose(.connectionLost)
        case .wait, .head, .body, .close: break
        }
    }

    private func end(keepsAlive: Bool) {
        let exchange = exchange.take()
        if isHeld { resume() }
        if keepsAlive {
            idleSince = .now()
            pool.keep(self)
        } else {
            close()
        }
        exchange?.finish()
    }

    private func lose(_ error: UpstreamError) {
        let exchange = exchange.take()
        close()
        exchange?.fail(error)
    }

    /// Closes the connection, without a word to the exchange.
    func close() {
        exchange = nil
        received = nil
        context?.close(promise: nil)
    }

    // MARK: Back-pressure

    private func hold() {
        if !isHeld { setReading(false) }
        isHeld = true
    }

    /// Reads on, after an exchange had no room.
    func resume() {
        guard isHeld else { return }
        isHeld = false
        watch.note(.now())
        setReading(true)
    }

    private func setReading(_ isReading: Bool) {
        // One that has just been closed reads nothing anyway.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    // MARK: Keeping still

    private func scheduleCheck(in delay: TimeAmount) {
        nextCheck = context?.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.checkIdle()
        }
    }

    private func checkIdle() {
        nextCheck = nil
        guard state.isBusy else { return }
        let unwritten = unwrittenBytes
        let isOurs = isHeld || state.isSending && unwritten == 0
        let now = NIODeadline.now()
        if let next = watch.check(now, turn: isOurs ? .ours : .peer, unwritten: unwritten) {
            scheduleCheck(in: next - now)
        } else {
            lose(.timedOut)
        }
    }
}
