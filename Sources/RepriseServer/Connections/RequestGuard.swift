import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import RepriseProxy

/// Answers what is not a request: a head that cannot be parsed, is too large, or does not arrive
/// in time. The connection is closed after the answer, since nobody knows where the next request
/// would begin.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let headTimeout: TimeAmount
    private var pendingHead: Scheduled<Void>?
    private var responsesOwed = 0

    /// Makes a guard for one connection.
    ///
    /// - Parameter headTimeout: How long a head may take from its first byte.
    init(headTimeout: TimeAmount) {
        self.headTimeout = headTimeout
    }

    /// Says that bytes have come, before they are parsed.
    func bytesArrived(_ context: ChannelHandlerContext) {
        guard pendingHead == nil, responsesOwed == 0 else { return }
        let loop = context.eventLoop.assumeIsolated()
        pendingHead = loop.scheduleTask(in: headTimeout) { [weak self] in
            self?.refuse(
                context.channel,
                ProxyError(
                    status: 408, code: "request_timeout",
                    message: "The request head did not arrive in time."))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) {
            cancelTimeout()
            responsesOwed += 1
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { responsesOwed -= 1 }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimeout()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancelTimeout()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, responsesOwed == 0 else {
            context.fireErrorCaught(error)
            return
        }
        cancelTimeout()
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

    private func cancelTimeout() {
        pendingHead?.cancel()
        pendingHead = nil
    }

    private func refuse(_ channel: any Channel, _ error: ProxyError) {
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
}

/// Tells a ``RequestGuard`` that bytes have come; it stands where bytes are still bytes.
final class ArrivalNotifier: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let requestGuard: RequestGuard

    init(_ requestGuard: RequestGuard) {
        self.requestGuard = requestGuard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        requestGuard.bytesArrived(context)
        context.fireChannelRead(data)
    }
}
