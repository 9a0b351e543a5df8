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

    /// The last request that may be answered has been read; what follows it is dropped.
    private var isLastRequest = false
    private var isRequestRead = false
    private var version = HTTPVersion.http1_1

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isLastRequest, isRequestRead { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isLastRequest = !head.isKeepAlive
            isRequestRead = false
            version = head.version
        case .body: break
        case .end: isRequestRead = true
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isLastRequest else {
            context.write(data, promise: promise)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            head.version = version
            if head.status.code >= 200 {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            let channel = context.channel
            context.writeAndFlush(data).whenComplete { result in
                promise?.completeWith(result)
                channel.close(promise: nil)
            }
        }
    }
}
