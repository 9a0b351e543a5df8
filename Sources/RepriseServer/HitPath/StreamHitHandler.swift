import HTTPTypes
import NIOCore
import NIOHTTPTypes
import RepriseCore
import RepriseProxy
import RepriseStorage

/// Answers the request of an HTTP/2 stream from memory, on the event loop and without its task, when
/// one of the very same parts has been answered before.
///
/// What it cannot answer goes on as it came, its body in one piece.
final class StreamHitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// In how many reads a request may come: those behind must not take a slow client for an idle
    /// one.
    private static let mostReads = 4

    private let memory: MemoryTier
    private let proxy: CachingProxy
    private let client: ClientConnection
    private let log: AccessLog
    /// What has come of a request that is looked at.
    private var gathered: Gathered?
    /// Whether all that comes goes on.
    private var isPassing = false

    private struct Gathered {
        let head: HTTPRequest
        /// What the cache key depends on in the head.
        let keyed: [UInt8]
        var body = ByteBuffer()
        var reads = 0
    }

    /// Makes a handler for one stream.
    init(memory: MemoryTier, proxy: CachingProxy, client: ClientConnection, log: AccessLog) {
        self.memory = memory
        self.proxy = proxy
        self.client = client
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isPassing { return context.fireChannelRead(data) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let keyed = KeyedParts.keyed(head) {
                gathered = Gathered(head: head, keyed: keyed)
            } else {
                passOn(context)
                context.fireChannelRead(data)
            }
        case .body(let piece):
            gathered?.body.writeImmutableBuffer(piece)
            if let length = gathered?.body.readableBytes, length > HitPathHandler.longestRequest {
                passOn(context)
            }
        case .end(let trailers):
            if trailers == nil, let gathered, answers(gathered, context) { return }
            passOn(context)
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        gathered?.reads += 1
        if gathered?.reads == Self.mostReads { passOn(context) }
        context.fireChannelReadComplete()
    }

    /// Hands on what was gathered, and all that follows.
    private func passOn(_ context: ChannelHandlerContext) {
        isPassing = true
        guard let gathered = gathered.take() else { return }
        context.fireChannelRead(wrapInboundOut(.head(gathered.head)))
        if gathered.body.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(.body(gathered.body)))
        }
    }

    /// Answers a whole request if it can be; if not, the full path learns its alias.
    private func answers(_ request: Gathered, _ context: ChannelHandlerContext) -> Bool {
        let head = request.head
        let entry = log.entry(method: head.method.rawValue, target: head.path ?? "")
        let alias = memory.alias(
            head: request.keyed.span, body: request.body.readableBytesUInt8Span)
        guard let stored = memory.response(for: alias), let hit = proxy.replay(stored) else {
            client.announce(alias: alias, nil)
            return false
        }
        answer(hit, entry, context)
        return true
    }

    private func answer(
        _ hit: ProxyResponse, _ entry: AccessLog.Entry, _ context: ChannelHandlerContext
    ) {
        gathered = nil
        isPassing = true
        var entry = entry
        entry.status = hit.status
        entry.cacheStatus = hit.cacheStatus
        context.write(wrapOutboundOut(.head(HTTPResponse(hit))), promise: nil)
        if case .complete(let body) = hit.body {
            context.write(wrapOutboundOut(.body(body)), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        log.write(entry)
    }
}
