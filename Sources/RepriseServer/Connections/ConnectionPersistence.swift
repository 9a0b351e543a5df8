import NIOCore
import NIOHTTP1

/// Closes a connection after the response to a request that asks for it: `Connection: close` in any
/// spelling, or HTTP/1.0 without `keep-alive` (RFC 9112 §9.3).
///
/// An HTTP/1.0 client gets its response in HTTP/1.0, which knows no chunks.
final class ConnectionPersistence: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The head of the request after which the connection ends; what follows it is dropped.
    private var lastRequest: HTTPRequestHead?
    private var isLastRequestRead = false
    private var responsesOwed = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isLastRequestRead { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            responsesOwed += 1
            if !head.isKeepAlive { lastRequest = head }
        case .body: break
        case .end: isLastRequestRead = lastRequest != nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if let lastRequest, responsesOwed == 1 {
                head.version = lastRequest.version
                if head.status.code >= 200 {
                    head.headers.replaceOrAdd(name: "connection", value: "close")
                }
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            responsesOwed -= 1
            guard lastRequest != nil, responsesOwed == 0 else {
                context.write(data, promise: promise)
                return
            }
            let channel = context.channel
            context.writeAndFlush(data).whenComplete { result in
                promise?.completeWith(result)
                channel.close(promise: nil)
            }
        }
    }
}
