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
    private var phase = Phase.waiting

    private enum Phase {
        case waiting
        case gathering(Gathered)
        case passing
    }

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
        switch (phase, unwrapInboundIn(data)) {
        case (.waiting, .head(let head)):
            guard let keyed = KeyedParts.keyed(head) else {
                phase = .passing
                return context.fireChannelRead(data)
            }
            phase = .gathering(Gathered(head: head, keyed: keyed))
        case (.gathering(var gathered), .body(let piece)):
            // Out of the phase, so that the body is not copied.
            phase = .passing
            gathered.body.writeImmutableBuffer(piece)
            phase = .gathering(gathered)
            if gathered.body.readableBytes > HitPathHandler.longestRequest { passOn(context) }
        case (.gathering(let gathered), .end(nil)):
            let head = gathered.head
            let entry = log.entry(method: head.method.rawValue, target: head.path ?? "")
            let alias = memory.alias(
                head: gathered.keyed.span, body: gathered.body.readableBytesUInt8Span)
            if let stored = memory.response(for: alias), let hit = proxy.replay(stored) {
                answer(hit, entry, context)
            } else {
                client.announce(alias: alias, nil)
                passOn(context)
                context.fireChannelRead(data)
            }
        default:
            passOn(context)
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .gathering(var gathered) = phase {
            gathered.reads += 1
            phase = .gathering(gathered)
            if gathered.reads == Self.mostReads { passOn(context) }
        }
        context.fireChannelReadComplete()
    }

    /// Hands on what was gathered, and all that follows.
    private func passOn(_ context: ChannelHandlerContext) {
        guard case .gathering(let gathered) = phase else {
            phase = .passing
            return
        }
        phase = .passing
        context.fireChannelRead(wrapInboundOut(.head(gathered.head)))
        if gathered.body.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(.body(gathered.body)))
        }
    }

    private func answer(
        _ hit: ProxyResponse, _ entry: AccessLog.Entry, _ context: ChannelHandlerContext
    ) {
        phase = .passing
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
