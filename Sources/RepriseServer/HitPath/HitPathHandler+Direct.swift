import NIOCore
import RepriseCore
import RepriseProxy
import RepriseStorage

/// Requests whose very bytes are not known: they ask the store, or go upstream, while what comes
/// behind them is kept.
extension HitPathHandler {
    /// A request that waits for the store.
    struct Asking {
        /// Tells it from those before it.
        let number: Int
        /// What the scan found.
        let request: PlainRequest
        /// What stands for its bytes.
        let alias: RequestAlias?
        /// What it asks for.
        let demand: DirectLookup.Demand
        /// When it had come, in nanoseconds.
        let begun: UInt64
    }

    // MARK: Asking the store

    /// Looks for what a request asks, whose very bytes are not known.
    ///
    /// - Returns: What to answer now; nil when the request was handed on or is being answered.
    func search(
        _ request: PlainRequest, _ alias: RequestAlias, _ buffer: ByteBuffer, begun: UInt64,
        _ context: ChannelHandlerContext
    ) -> HitPathLoop.Hit? {
        guard let direct, let demand = direct.demand(of: request, keyed: loop.keyed, in: buffer)
        else {
            handOn(request, alias: alias, buffer, context)
            return nil
        }
        let inquiry = demand.inquiry
        direct.proxy.learn(alias, for: inquiry)
        switch direct.proxy.search(inquiry.key, on: context.eventLoop) {
        case .found(let response):
            if let hit = loop.freshResponse(response, inquiry.directives) { return hit }
            begin(
                direct.exchange(demand, stored: response, request, in: buffer), request, buffer,
                context)
        case .absent:
            begin(
                direct.exchange(demand, stored: nil, request, in: buffer), request, buffer, context)
        case .asked(let future):
            waits += 1
            asking = Asking(
                number: waits, request: request, alias: alias, demand: demand, begun: begun)
            state.beginAnswering()
            pending = buffer
            let number = waits
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            future.whenSuccess { response in
                let (handler, context) = bound.value
                handler.settle(number, response, context)
            }
        case .elsewhere:
            handOn(
                request, alias: alias, buffer, context,
                prepared: .init(inquiry: inquiry, isAbsent: false))
        }
        return nil
    }

    /// The store has answered.
    private func settle(
        _ number: Int, _ response: CachedResponse?, _ context: ChannelHandlerContext
    ) {
        guard let asked = asking, asked.number == number, let direct, let buffer = pending.take()
        else { return }
        asking = nil
        if let response, context.channel.isWritable,
            let hit = loop.freshResponse(response, asked.demand.inquiry.directives)
        {
            state.endAnswering()
            answer(hit, isLast: asked.request.length == buffer.readableBytes, context)
            loop.log(buffer, begun: asked.begun)
            goOn(behind: asked.request, buffer, context)
        } else {
            state.endAnswering()
            begin(
                direct.exchange(asked.demand, stored: response, asked.request, in: buffer),
                asked.request, buffer, context)
            // No read has brought this about, so nothing else will end it.
            channelReadComplete(context: context)
        }
    }

    /// Hands on a request that waits, as if the store had not been asked.
    func stopAsking(_ context: ChannelHandlerContext) {
        guard let asked = asking.take(), let buffer = pending.take() else { return }
        handOn(asked.request, alias: asked.alias, buffer, context)
    }

    // MARK: Going upstream

    /// Begins to answer the request that a buffer begins with.
    private func begin(
        _ exchange: DirectExchange, _ request: PlainRequest, _ buffer: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        self.exchange = exchange
        waits += 1
        state.beginAnswering()
        requestGuard.exchangeBegan()
        socket?.channelWritten()
        // The request itself is let go: it may be long, and its response may last for minutes.
        let rest = buffer.readableBytes - request.length
        pending = rest > 0 ? buffer.getSlice(at: buffer.writerIndex - rest, length: rest) : nil
        advanceExchange(context)
    }

    /// Goes on with the response, if one is being written.
    func advanceExchange(_ context: ChannelHandlerContext) {
        guard let exchange else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let number = waits
        let eventLoop = context.eventLoop
        // In a turn of its own, so that all that comes at once is written at once, and that nobody
        // is called back who is in the middle of something.
        let progress = exchange.advance(context) {
            eventLoop.execute {
                let (handler, context) = bound.value
                if handler.waits == number { handler.advanceExchange(context) }
            }
        }
        switch progress {
        case .waiting: break
        case .complete:
            self.exchange = nil
            requestGuard.exchangeEnded()
            goOnBehindExchange(context)
        case .cut:
            self.exchange = nil
            requestGuard.exchangeEnded()
            context.close(promise: nil)
        }
    }

    /// Goes on with what came behind a request that has been answered from upstream.
    private func goOnBehindExchange(_ context: ChannelHandlerContext) {
        guard pending != nil else {
            state.endAnswering()
            return goOn(nil, context)
        }
        // In a later turn: were each of many requests behind answered at once, each would stand on
        // the stack above the one before it.
        waits += 1
        let number = waits
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            guard handler.waits == number, let rest = handler.pending.take() else { return }
            handler.state.endAnswering()
            handler.goOn(rest, context)
        }
    }

    /// The client is gone.
    func abandonExchange() {
        exchange.take()?.abandon()
    }

    // MARK: What comes behind

    /// The most bytes that are kept behind a request that is being answered.
    private static let mostKept = longestRequest

    /// Whether no more is to be read for now.
    var isFull: Bool {
        exchange != nil && (pending?.readableBytes ?? 0) > Self.mostKept
    }

    /// Keeps what comes behind a request that is being answered, up to a bound.
    func keep(_ incoming: ByteBuffer, _ context: ChannelHandlerContext) {
        if pending == nil {
            pending = incoming
        } else {
            pending?.writeImmutableBuffer(incoming)
        }
        if asking != nil, let kept = pending?.readableBytes, kept > Self.mostKept {
            stopAsking(context)
        }
    }

    private func goOn(
        behind request: PlainRequest, _ buffer: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        var rest = buffer
        rest.moveReaderIndex(forwardBy: request.length)
        goOn(rest, context)
    }

    /// Goes on with what came behind a request that has been answered.
    private func goOn(_ rest: ByteBuffer?, _ context: ChannelHandlerContext) {
        if let rest, rest.readableBytes > 0 { examineRest(rest, context) }
        // No read has brought this about, so nothing else will end it.
        channelReadComplete(context: context)
        if !state.isAnswering { releaseEvents(context) }
    }

    /// Tells the handlers behind what they were not told while a request was being answered.
    func releaseEvents(_ context: ChannelHandlerContext) {
        guard !heldEvents.isEmpty else { return }
        let events = heldEvents
        heldEvents = []
        for event in events {
            userInboundEventTriggered(context: context, event: event)
        }
    }
}
