import Crypto
import NIOCore
import RepriseCore
import RepriseProxy
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
    private let direct: DirectLookup?
    private var state = HitPathState()
    /// What has come of a request that is not there yet.
    private var pending: ByteBuffer?
    private var pieces = 0
    private var needsFlush = false
    /// Whether bytes went on since the last time that all had been read.
    private var hasHandedOn = false
    /// The request that waits for the store.
    private var asking: Asking?
    /// Counts the requests that the store was asked for.
    private var askings = 0

    private struct Asking {
        let number: Int
        let request: PlainRequest
        let alias: RequestAlias?
        let inquiry: Inquiry
        let begun: UInt64
    }

    /// Makes a handler for one connection.
    ///
    /// - Parameter direct: Looks up what memory does not know by its very bytes; nil: the full path
    ///   does.
    init(
        memory: MemoryTier, client: ClientConnection, requestGuard: RequestGuard, loop: HitPathLoop,
        direct: DirectLookup? = nil
    ) {
        self.memory = memory
        self.client = client
        self.requestGuard = requestGuard
        self.loop = loop
        self.direct = direct
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let incoming = unwrapInboundIn(data)
        requestGuard.bytesArrived()
        switch state.receive(incoming.readableBytes) {
        case .examine: break
        case .keep: return keep(incoming, context)
        case .handOn:
            // Perhaps the next request's bytes, for which the alias must not be taken.
            client.forgetRequest()
            hasHandedOn = true
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
        if hasHandedOn || !state.isReady {
            hasHandedOn = false
            context.fireChannelReadComplete()
        } else {
            // The handlers behind have seen nothing. Were it left to the channel, they would all be
            // told that, and be asked for the next read.
            context.read()
        }
    }

    /// The full path has written a response to its end.
    func responseEnded() {
        state.endResponse()
        client.forgetRequest()
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
                guard let alias, context.channel.isWritable else {
                    return handOn(request, alias: alias, buffer, context)
                }
                guard
                    let hit = loop.freshResponse(in: memory, for: alias)
                        ?? search(request, alias, buffer, begun: begun, context)
                else { return }
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
        _ context: ChannelHandlerContext, prepared: ProxyRequest.Prepared? = nil
    ) {
        state.handOn(length: request.length, available: buffer.readableBytes)
        if buffer.readableBytes == request.length {
            client.announce(alias: alias, prepared)
        } else {
            client.forgetRequest()
        }
        if buffer.readableBytes > request.length { requestGuard.anotherFollows() }
        forward(buffer, context)
    }

    private func handOver(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        state.handOver()
        client.forgetRequest()
        forward(buffer, context)
    }

    private func forward(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
        hasHandedOn = true
        context.fireChannelRead(wrapInboundOut(buffer))
        requestGuard.bytesParsed(context)
    }

    // MARK: Asking the store

    /// Looks for what a request asks, whose very bytes are not known.
    ///
    /// - Returns: What to answer now; nil when the request was handed on or waits for the store.
    private func search(
        _ request: PlainRequest, _ alias: RequestAlias, _ buffer: ByteBuffer, begun: UInt64,
        _ context: ChannelHandlerContext
    ) -> HitPathLoop.Hit? {
        guard let direct, let inquiry = direct.inquiry(of: request, keyed: loop.keyed, in: buffer)
        else {
            handOn(request, alias: alias, buffer, context)
            return nil
        }
        direct.proxy.learn(alias, for: inquiry)
        var isAbsent = false
        switch direct.proxy.search(inquiry.key, on: context.eventLoop) {
        case .found(let response):
            if let hit = loop.freshResponse(response, inquiry.directives) { return hit }
        case .asked(let future):
            askings += 1
            asking = Asking(
                number: askings, request: request, alias: alias, inquiry: inquiry, begun: begun)
            state.askStore()
            pending = buffer
            let number = askings
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            future.whenSuccess { response in
                let (handler, context) = bound.value
                handler.settle(number, response, context)
            }
            return nil
        case .absent: isAbsent = true
        case .elsewhere: break
        }
        handOn(
            request, alias: alias, buffer, context,
            prepared: .init(inquiry: inquiry, isAbsent: isAbsent))
        return nil
    }

    /// The store has answered.
    private func settle(
        _ number: Int, _ response: CachedResponse?, _ context: ChannelHandlerContext
    ) {
        guard let asked = asking, asked.number == number, var buffer = pending.take() else {
            return
        }
        asking = nil
        if let response, context.channel.isWritable,
            let hit = loop.freshResponse(response, asked.inquiry.directives)
        {
            state.answer()
            answer(hit, context)
            loop.log(buffer, begun: asked.begun)
            buffer.moveReaderIndex(forwardBy: asked.request.length)
            pieces = 1
            examine(buffer, context)
        } else {
            handOn(
                asked.request, alias: asked.alias, buffer, context,
                prepared: .init(inquiry: asked.inquiry, isAbsent: response == nil))
        }
        // No read has brought this about, so nothing else will end it.
        channelReadComplete(context: context)
    }

    /// Keeps what comes behind a request that waits, up to a bound.
    private func keep(_ incoming: ByteBuffer, _ context: ChannelHandlerContext) {
        pending?.writeImmutableBuffer(incoming)
        if let kept = pending?.readableBytes, kept > Self.longestRequest { stopAsking(context) }
    }

    /// Hands on a request that waits, as if the store had not been asked.
    private func stopAsking(_ context: ChannelHandlerContext) {
        guard let asked = asking.take(), let buffer = pending.take() else { return }
        handOn(asked.request, alias: asked.alias, buffer, context)
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
        stopAsking(context)
        if let left = pending.take() { handOver(left, context) }
    }
}
