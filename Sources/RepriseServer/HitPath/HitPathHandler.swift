import Crypto
import NIOCore
import RepriseCore
import RepriseStorage

/// Answers a request that has been answered before in the very same bytes, without parsing it into
/// anything: on the event loop, with one look-up and one write.
///
/// It stands in front of the HTTP decoder. A request that is not a ``PlainRequest``, or whose
/// ``RequestAlias`` the memory tier does not know, or whose entry is not fresh, goes on untouched.
final class HitPathHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request that is looked at, in bytes; a longer one goes to the full path.
    static let longestRequest = 2 << 20
    /// In how many pieces a request may come.
    private static let mostPieces = 256

    private let memory: MemoryTier
    private let client: ClientConnection
    private let requestGuard: RequestGuard
    private let loop: HitPathLoop
    private var state = HitPathState()
    /// What has come of a request that is not there yet.
    private var pending: ByteBuffer?
    private var pieces = 0
    private var needsFlush = false

    init(
        memory: MemoryTier, client: ClientConnection, requestGuard: RequestGuard, loop: HitPathLoop
    ) {
        self.memory = memory
        self.client = client
        self.requestGuard = requestGuard
        self.loop = loop
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let incoming = unwrapInboundIn(data)
        requestGuard.bytesArrived()
        guard state.receive(incoming.readableBytes) == .examine else {
            // Perhaps the next request's bytes, for which the alias must not be taken.
            client.alias = nil
            context.fireChannelRead(data)
            requestGuard.bytesParsed(context)
            return
        }
        if var gathered = pending.take() {
            gathered.writeImmutableBuffer(incoming)
            pieces += 1
            examine(gathered, context)
        } else {
            pieces = 1
            examine(incoming, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    /// The full path has written a response to its end.
    func responseEnded() {
        state.endResponse()
        client.alias = nil
    }

    private func examine(_ incoming: ByteBuffer, _ context: ChannelHandlerContext) {
        var buffer = incoming
        while buffer.readableBytes > 0 {
            switch PlainRequest.scan(buffer.readableBytesUInt8Span, keyed: &loop.keyed) {
            case .notPlain:
                return handOver(buffer, context)
            case .incomplete:
                guard pieces < Self.mostPieces else { return handOver(buffer, context) }
                pending = buffer
                return requestGuard.headIncomplete(context)
            case .head(let request):
                requestGuard.headCompleted()
                if request.length > buffer.readableBytes {
                    guard request.mayBeKnown, request.length <= Self.longestRequest,
                        pieces < Self.mostPieces
                    else { return handOn(request, alias: nil, buffer, context) }
                    pending = buffer
                    return
                }
                let begun = loop.monotonicNanoseconds()
                let alias = request.mayBeKnown ? self.alias(of: request, in: buffer) : nil
                guard let alias, context.channel.isWritable,
                    let hit = loop.freshResponse(in: memory, for: alias)
                else {
                    return handOn(request, alias: alias, buffer, context)
                }
                answer(hit, context)
                loop.log(buffer, begun: begun)
                buffer.moveReaderIndex(forwardBy: request.length)
            }
        }
    }

    private func alias(of request: PlainRequest, in buffer: ByteBuffer) -> RequestAlias? {
        var hash = SHA256()
        loop.keyed.withUnsafeBytes { hash.update(bufferPointer: $0) }
        buffer.withUnsafeReadableBytes { bytes in
            let body = UnsafeRawBufferPointer(rebasing: bytes[request.headLength..<request.length])
            hash.update(bufferPointer: body)
        }
        return hash.finalize().withUnsafeBytes { digest in
            CacheKey(digest: Span(_unsafeBytes: digest)).map { RequestAlias(digest: $0) }
        }
    }

    private func answer(_ hit: HitPathLoop.Hit, _ context: ChannelHandlerContext) {
        let isInOnePiece = loop.write(hit)
        context.write(wrapOutboundOut(loop.output), promise: nil)
        if !isInOnePiece {
            context.write(wrapOutboundOut(hit.response.body), promise: nil)
        }
        needsFlush = true
    }

    // MARK: On to the full path

    private func handOn(
        _ request: PlainRequest, alias: RequestAlias?, _ buffer: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        state.handOn(length: request.length, available: buffer.readableBytes)
        client.alias = buffer.readableBytes == request.length ? alias : nil
        if buffer.readableBytes > request.length { requestGuard.anotherFollows() }
        forward(buffer, context)
    }

    private func handOver(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        state.handOver()
        client.alias = nil
        forward(buffer, context)
    }

    private func forward(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        context.fireChannelRead(wrapInboundOut(buffer))
        requestGuard.bytesParsed(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.flushLog()
    }

    func channelInactive(context: ChannelHandlerContext) {
        handOnWhatIsLeft(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { handOnWhatIsLeft(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// A connection that ends in the middle of a request: the decoder is to see what it would have
    /// seen without this handler.
    private func handOnWhatIsLeft(_ context: ChannelHandlerContext) {
        if let left = pending.take() { handOver(left, context) }
    }
}
