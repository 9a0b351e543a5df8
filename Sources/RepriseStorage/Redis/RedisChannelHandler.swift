import NIOCore

/// Reads and writes one connection: first its handshake, then for its ``RedisLink``.
///
/// Bound to the connection's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let link: RedisLink
    private var handshake: RedisHandshake?
    private var parser = RESPParser()
    /// What has arrived of a reply that is not whole yet.
    private var received: ByteBuffer?
    private var context: ChannelHandlerContext?
    /// The server's number of this connection, once known.
    private(set) var id: Int64?

    /// Makes a handler that reports to a link.
    init(link: RedisLink, handshake: RedisHandshake) {
        self.link = link
        self.handshake = handshake
    }

    /// This side's address as Redis writes it.
    var address: String? {
        guard let local = context?.channel.localAddress, let host = local.ipAddress,
            let port = local.port
        else { return nil }
        return RedisEndpoint(host: host, port: port).description
    }

    /// Sends bytes.
    func write(_ bytes: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Closes the connection, without a word to the link.
    func close() {
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        // The link may have given this connection up while it was being made.
        guard link.uses(self) else { return close() }
        if let handshake { send([handshake.start()]) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.lost(self, "closed the connection")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.lost(self, RedisDialer.reason(error))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.noteArrival()
        var arrived = unwrapInboundIn(data)
        if var whole = received {
            received = nil
            whole.writeBuffer(&arrived)
            arrived = whole
        }
        let before = arrived.readerIndex
        do throws(RESPError) {
            while link.uses(self), let value = try parser.next(&arrived) { take(value) }
        } catch {
            link.lost(self, "does not speak as Redis does: \(error.reason)")
        }
        guard link.uses(self), arrived.readableBytes > 0 else { return }
        // Replies that were given away share the memory of what is left. Appending to that would
        // copy all of it, and what is left is never more than this one read brought.
        received = arrived.readerIndex == before ? arrived : ByteBuffer(buffer: arrived)
    }

    private func take(_ value: RESPValue) {
        guard var handshake else { return link.receive(value) }
        let action = handshake.receive(value)
        self.handshake = handshake
        switch action {
        case .send(let commands): send(commands)
        case .wait: break
        case .ready(let id):
            self.id = id
            self.handshake = nil
            link.becameReady(self)
        case .fail(let failure, let words):
            let isKnown = failure.code != "ERR" || words.isEmpty
            link.lost(
                self,
                isKnown
                    ? failure.storeError(of: link.endpoint)
                    : .unavailable("\(link.endpoint) \(words)"))
        }
    }

    private func send(_ commands: [RedisCommand]) {
        var bytes = ByteBuffer()
        for command in commands { bytes.writeCommand(command) }
        write(bytes)
    }
}
