import NIOCore
import RepriseProxy
import RepriseStorage

/// Answers plain requests in front of the HTTP decoder, on the event loop and without a task: one
/// that has been answered before in the very same bytes with one look-up and one write, others by
/// ``DirectLookup``.
///
/// A request that is not a ``PlainRequest``, or that ``DirectLookup`` cannot judge, goes on
/// untouched.
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
    var socket: HitSocket?
    let requestGuard: RequestGuard
    let loop: HitPathLoop
    let direct: DirectLookup?
    var state = HitPathState()
    /// What has come of a request that is not there yet, or behind one that is being answered.
    var pending: ByteBuffer?
    private var pieces = 0
    private var needsFlush = false
    /// Whether bytes went on since the last time that all had been read.
    private var hasHandedOn = false
    /// The request that waits for the store.
    var asking: Asking?
    /// The request that is being answered from upstream.
    var exchange: DirectExchange?
    /// Counts the requests that were asked the store for, or went upstream.
    var waits = 0
    /// What the handlers behind are to be told when the request in hand has been answered.
    var heldEvents: [Any] = []

    /// Makes a handler for one connection.
    ///
    /// - Parameters:
    ///   - socket: Where hits are written; nil: to the channel.
    ///   - direct: Looks up what memory does not know by its very bytes; nil: the full path does.
    init(
        memory: MemoryTier, client: ClientConnection, socket: HitSocket? = nil,
        requestGuard: RequestGuard, loop: HitPathLoop, direct: DirectLookup? = nil
    ) {
        self.memory = memory
        self.client = client
        self.socket = socket
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
        // As long as nothing more is read, what comes waits in the socket.
        if isFull { return }
        if hasHandedOn || !state.isKeptHere {
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
        socket?.channelWritten()
        client.forgetRequest()
    }

    /// Looks at what came behind a request that has been answered.
    func examineRest(_ rest: ByteBuffer, _ context: ChannelHandlerContext) {
        pieces = 1
        examine(rest, context)
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
                let alias = request.mayBeKnown ? loop.alias(of: request, buffer, in: memory) : nil
                guard let alias, context.channel.isWritable else {
                    return handOn(request, alias: alias, buffer, context)
                }
                guard
                    let hit = loop.freshResponse(in: memory, for: alias)
                        ?? search(request, alias, buffer, begun: begun, context)
                else { return }
                answer(hit, isLast: request.length == buffer.readableBytes, context)
                loop.log(buffer, begun: begun)
                buffer.moveReaderIndex(forwardBy: request.length)
            }
        }
    }

    /// Writes a hit; what the socket does not take now, the end of the read flushes.
    ///
    /// - Parameter isLast: Whether nothing has come behind the request. If something has, all are
    ///   written at once.
    func answer(_ hit: HitPathLoop.Hit, isLast: Bool, _ context: ChannelHandlerContext) {
        let isInOnePiece = loop.write(hit)
        if isInOnePiece, isLast, !needsFlush, socket?.write(&loop.output) == true { return }
        socket?.channelWritten()
        context.write(wrapOutboundOut(loop.output), promise: nil)
        if !isInOnePiece {
            context.write(wrapOutboundOut(hit.response.body), promise: nil)
        }
        needsFlush = true
    }

    // MARK: On to the full path

    /// Hands a plain request on.
    func handOn(
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

    /// Hands the connection on for good.
    func handOver(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
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

    // MARK: The connection's end

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.flushLog()
    }

    func channelInactive(context: ChannelHandlerContext) {
        abandonExchange()
        handOnWhatIsLeft(context)
        releaseEvents(context)
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        advanceExchange(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where exchange != nil:
            heldEvents.append(event)
            exchange?.leave()
            return
        case ChannelEvent.inputClosed:
            handOnWhatIsLeft(context)
        case is ChannelShouldQuiesceEvent where state.isAnswering:
            // The handlers behind would close the connection: they know of no request.
            heldEvents.append(event)
            return
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A connection that ends in the middle of a request: the decoder is to see what it would have
    /// seen without this handler.
    private func handOnWhatIsLeft(_ context: ChannelHandlerContext) {
        stopAsking(context)
        if let left = pending.take() { handOver(left, context) }
    }
}
