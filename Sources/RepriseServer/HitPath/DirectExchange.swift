import NIOCore
import RepriseProxy

/// The exchange of a plain request that is no hit: its response comes from upstream and is written
/// on the event loop of its connection, without a task.
///
/// Used on that loop only.
final class DirectExchange {
    private let proxy: CachingProxy
    private let log: AccessLog
    private var entry: AccessLog.Entry
    private let reply: CachingProxy.Reply
    private var phase = Phase.awaitingResponse
    /// What is to be written with the next flush.
    private var output = ByteBuffer()

    private enum Phase {
        /// Nothing has been written.
        case awaitingResponse
        /// The head has been written.
        case sending(ProxyResponse, FlightReader, BodyFraming)
        case ended
    }

    /// How far an exchange has come.
    enum Progress: Equatable {
        /// It goes on when it is woken, or when the connection is writable again.
        case waiting
        /// The response has been written to its end.
        case complete
        /// The response cannot be completed: the connection has to be cut, so that the client never
        /// takes a part for the whole.
        case cut
    }

    /// Begins an exchange; nothing is written before ``advance(_:orElse:)``.
    init(
        _ reply: CachingProxy.Reply, proxy: CachingProxy, log: AccessLog, _ entry: AccessLog.Entry
    ) {
        self.reply = reply
        self.proxy = proxy
        self.log = log
        self.entry = entry
    }

    /// Writes what there is to be written.
    ///
    /// - Parameters:
    ///   - context: The place in the pipeline from where bytes go to the socket.
    ///   - wake: Called once, on any thread, when there is more.
    func advance(
        _ context: ChannelHandlerContext, orElse wake: @escaping @Sendable () -> Void
    ) -> Progress {
        if case .awaitingResponse = phase {
            guard let response = response(orElse: wake) else { return .waiting }
            if begin(response) { return end(context, .complete) }
        }
        while case .sending(let response, let reader, let framing) = phase {
            guard context.channel.isWritable else {
                flush(context)
                return .waiting
            }
            switch reader.next(orElse: wake) {
            case .deliver(let pieces):
                write(pieces, framing, context)
            case .wait:
                flush(context)
                return .waiting
            case .finish:
                if framing == .chunked { output.writeStaticString("0\r\n\r\n") }
                entry.cacheStatus = response.finalCacheStatus
                return end(context, .complete)
            case .cut:
                return end(context, .cut)
            }
        }
        return .waiting
    }

    /// Gives the response up: the client has left. What it would still get, if it only closed its
    /// own side, is an error.
    func leave() {
        if case .forwarded(let forward) = reply { forward.reader.leave() }
    }

    /// Ends an exchange whose connection is gone.
    func abandon() {
        leave()
        guard case .ended = phase else {
            entry.isCut = true
            log.write(entry)
            phase = .ended
            return
        }
    }

    private func response(orElse wake: @escaping @Sendable () -> Void) -> ProxyResponse? {
        switch reply {
        case .response(let response): response
        case .forwarded(let forward): proxy.response(to: forward, orElse: wake)
        }
    }

    /// Writes the head, and a body that is there.
    ///
    /// - Returns: Whether that is all.
    private func begin(_ response: ProxyResponse) -> Bool {
        let framing = BodyFraming(response)
        entry.status = response.status
        entry.cacheStatus = response.cacheStatus
        output.writeHead(of: response, framing)
        switch response.body {
        case .complete(let body):
            if framing != .none { output.writeImmutableBuffer(body) }
            return true
        case .live(let reader):
            phase = .sending(response, reader, framing)
            return false
        }
    }

    private func write(
        _ pieces: [ByteBuffer], _ framing: BodyFraming, _ context: ChannelHandlerContext
    ) {
        switch framing {
        case .none: break
        case .chunked: output.writeChunk(pieces)
        case .length:
            for piece in pieces {
                output.writeImmutableBuffer(piece)
            }
        }
        if output.readableBytes > Self.longestOutput { flush(context) }
    }

    /// Bytes that are gathered for one write.
    private static let longestOutput = 64 << 10

    private func flush(_ context: ChannelHandlerContext) {
        guard output.readableBytes > 0 else { return }
        // Taken out first: a socket that becomes writable meanwhile goes on with the response.
        let bytes = output
        output = ByteBuffer()
        context.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext, _ progress: Progress) -> Progress {
        flush(context)
        phase = .ended
        entry.isCut = progress == .cut
        log.write(entry)
        return progress
    }
}
