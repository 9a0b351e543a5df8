import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import RepriseProxy

/// Watches over the requests of an HTTP/1.1 connection: answers what is not a request, and closes
/// a connection on which nothing comes.
///
/// A head that cannot be parsed, is too large or does not arrive in time is answered, and the
/// connection closed, since nobody knows where the next request would begin.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a client may take.
    struct Timeouts: Sendable {
        /// From the first byte of a head to its last.
        var head: TimeAmount
        /// Between two requests, or two pieces of a body.
        var idle: TimeAmount
    }

    private let timeouts: Timeouts
    private var pendingHead: Scheduled<Void>?
    private var idleCheck: Scheduled<Void>?
    private var lastActivity = NIODeadline.now()
    private var isReadingRequest = false
    private var responsesOwed = 0
    /// Whether a request ended in the bytes that came last: then more of them may be anything.
    private var hasRequestEnded = false
    /// Whether the next head has begun while a response is owed.
    private var hasHeadBegun = false
    /// Called when a response has been written to its end.
    var onResponseEnd: (() -> Void)?

    init(timeouts: Timeouts) {
        self.timeouts = timeouts
    }

    func handlerAdded(context: ChannelHandlerContext) {
        scheduleIdleCheck(context.channel, in: timeouts.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancelTimers()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        context.fireChannelInactive()
    }

    // MARK: Told by the handlers that see bytes

    /// Bytes have come.
    func bytesArrived() {
        lastActivity = .now()
        hasRequestEnded = false
    }

    /// The bytes that came have gone through the parser.
    func bytesParsed(_ context: ChannelHandlerContext) {
        if isReadingRequest { return }
        if responsesOwed == 0 {
            headIncomplete(context)
        } else if !hasRequestEnded {
            hasHeadBegun = true
        }
    }

    /// A request has begun and its head, or the short rest of it, has not come.
    func headIncomplete(_ context: ChannelHandlerContext) {
        guard pendingHead == nil else { return }
        let channel = context.channel
        pendingHead = context.eventLoop.assumeIsolated().scheduleTask(in: timeouts.head) {
            [weak self] in
            self?.refuse(
                channel,
                ProxyError(
                    status: 408, code: "request_timeout",
                    message: "The request head did not arrive in time."))
        }
    }

    /// The bytes that are about to be parsed are a whole request and the beginning of another.
    func anotherFollows() {
        hasHeadBegun = true
    }

    /// A head has come to its end before the parser.
    func headCompleted() {
        cancelPendingHead()
    }

    /// A whole request is being answered by a handler in front of the parser.
    func exchangeBegan() {
        responsesOwed += 1
    }

    /// Its response has been written to its end.
    func exchangeEnded() {
        responsesOwed -= 1
        lastActivity = .now()
    }

    // MARK: Parts

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            cancelPendingHead()
            if responsesOwed > 0 { hasHeadBegun = false }
            responsesOwed += 1
            isReadingRequest = true
        case .body: break
        case .end:
            isReadingRequest = false
            hasRequestEnded = true
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        context.write(data, promise: promise)
        responsesOwed -= 1
        lastActivity = .now()
        if responsesOwed == 0, hasHeadBegun {
            hasHeadBegun = false
            headIncomplete(context)
        }
        onResponseEnd?()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, responsesOwed == 0 else {
            context.fireErrorCaught(error)
            return
        }
        let isTooLarge = error == .headerOverflow
        refuse(
            context.channel,
            ProxyError(
                status: isTooLarge ? 431 : 400,
                code: isTooLarge ? "head_too_large" : "malformed_request",
                message: isTooLarge
                    ? "The request head has more than 256 fields or 64 KiB."
                    : "This is not a well-formed HTTP request: \(error)."))
    }

    private func refuse(_ channel: any Channel, _ error: ProxyError) {
        cancelTimers()
        let response = error.response()
        var head = HTTPResponse(response)
        head.headerFields[.connection] = "close"
        channel.write(HTTPResponsePart.head(head), promise: nil)
        if case .complete(let body) = response.body {
            channel.write(HTTPResponsePart.body(body), promise: nil)
        }
        channel.writeAndFlush(HTTPResponsePart.end(nil)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    // MARK: Timers

    private func scheduleIdleCheck(_ channel: any Channel, in delay: TimeAmount) {
        idleCheck = channel.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.checkIdle(channel)
        }
    }

    private func checkIdle(_ channel: any Channel) {
        let isAnswering = responsesOwed > 0 && !isReadingRequest
        let deadline = (isAnswering ? .now() : lastActivity) + timeouts.idle
        if deadline <= .now() {
            channel.close(promise: nil)
        } else {
            scheduleIdleCheck(channel, in: deadline - .now())
        }
    }

    private func cancelPendingHead() {
        pendingHead?.cancel()
        pendingHead = nil
    }

    private func cancelTimers() {
        cancelPendingHead()
        idleCheck?.cancel()
        idleCheck = nil
    }
}
