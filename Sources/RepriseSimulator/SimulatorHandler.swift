import NIOCore
import NIOHTTP1

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// One connection of the simulated upstream: collects requests, and writes scripted responses as
/// raw bytes, since no HTTP encoder would let a wrong one through.
final class SimulatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// What the running response waits for. A number tells one wait from the next, so that a gate
    /// that opens late does not wake a later response.
    private enum Wait: Equatable {
        case nothing
        case writability
        case event(Int)
    }

    private struct Incoming {
        let head: HTTPRequestHead
        var body = ByteBuffer()
    }

    /// Requests that may stand behind the one being answered; with more, the connection is closed.
    private static let pipelineLimit = 256

    private let script: Script
    private let log: ObservationLog
    private let connection: Int

    private var incoming: Incoming?
    private var waiting: [(request: SimulatedRequest, keepsAlive: Bool)] = []
    private var exchange: ResponseExchange?
    private var wait = Wait.nothing
    private var lastEvent = 0
    private var isAdvancing = false
    private var isClosing = false

    /// Creates the handler of one connection.
    init(script: Script, log: ObservationLog, connection: Int) {
        self.script = script
        self.log = log
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            incoming = Incoming(head: head)
            begin(head, context: context)
        case .body(var bytes):
            log.uploaded(bytes.readableBytes)
            incoming?.body.writeBuffer(&bytes)
        case .end:
            guard let request = incoming else { return }
            incoming = nil
            receive(request, context: context)
        }
    }

    private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let expectations = head.headers[canonicalForm: "expect"]
        if expectations.contains(where: { $0.lowercased() == "100-continue" }) {
            write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"), context: context)
        }
        guard let gate = script.uploadGate(method: head.method.rawValue, target: head.uri) else {
            return
        }
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenSuccess {
            gate.whenOpen {
                // A channel that has closed meanwhile refuses, and that is all right.
                channel.setOption(.autoRead, value: true).whenSuccess { channel.read() }
            }
        }
    }

    private func receive(_ incoming: Incoming, context: ChannelHandlerContext) {
        let request = log.received(
            method: incoming.head.method.rawValue, target: incoming.head.uri,
            headers: incoming.head.headers.map { ($0.name, $0.value) },
            body: Array(incoming.body.readableBytesView), connection: connection)
        waiting.append((request, incoming.head.isKeepAlive))
        guard waiting.count <= Self.pipelineLimit else {
            close(context: context)
            return
        }
        advance(context: context)
    }

    /// Runs steps until one has to wait.
    private func advance(context: ChannelHandlerContext) {
        // A flush may report writability from inside of a step.
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while wait == .nothing, !isClosing {
            if exchange == nil {
                guard !waiting.isEmpty else { return }
                let (request, keepsAlive) = waiting.removeFirst()
                exchange = ResponseExchange(
                    request: request, response: script.response(to: request),
                    keepsAlive: keepsAlive)
            }
            if let action = exchange?.next() {
                perform(action, context: context)
            }
        }
    }

    private func perform(_ action: ResponseExchange.Action, context: ChannelHandlerContext) {
        switch action {
        case .write(let bytes):
            write(bytes, context: context)
        case .writeWhenWritable(let bytes):
            write(bytes, context: context)
            // What is written is bounded by one piece over the channel's high-water mark.
            if !context.channel.isWritable {
                wait = .writability
                log.stallSignal.increment()
            }
        case .waitForGate(let gate):
            let resume = resumption(context: context)
            let eventLoop = context.eventLoop
            gate.whenOpen { eventLoop.execute(resume) }
        case .waitFor(let duration):
            let resume = resumption(context: context)
            context.eventLoop.scheduleTask(in: TimeAmount(duration), resume)
        case .hang:
            lastEvent += 1
            wait = .event(lastEvent)
        case .finish(let bytes, let closes):
            afterFlush(bytes, context: context) { handler, context in
                handler.exchange = nil
                handler.log.responseSignal.increment()
                if closes { handler.close(context: context) }
            }
        case .cut:
            afterFlush(ByteBuffer(), context: context) { $0.close(context: $1) }
        case .reset:
            afterFlush(ByteBuffer(), context: context) { $0.reset(context: $1) }
        }
    }

    /// Starts a wait, and gives what ends it; on the event loop, once, however late.
    private func resumption(
        context: ChannelHandlerContext,
        _ body: @escaping (SimulatorHandler, ChannelHandlerContext) -> Void = { _, _ in }
    ) -> @Sendable () -> Void {
        lastEvent += 1
        let event = lastEvent
        wait = .event(event)
        let bound = NIOLoopBound((self, context, body), eventLoop: context.eventLoop)
        return {
            let (handler, context, body) = bound.value
            guard handler.wait == .event(event), !handler.isClosing else { return }
            handler.wait = .nothing
            body(handler, context)
            handler.advance(context: context)
        }
    }

    /// Writes, and runs `body` when all that was written so far is with the kernel.
    private func afterFlush(
        _ bytes: ByteBuffer, context: ChannelHandlerContext,
        _ body: @escaping (SimulatorHandler, ChannelHandlerContext) -> Void
    ) {
        let resume = resumption(context: context, body)
        write(bytes, context: context).whenSuccess(resume)
    }

    @discardableResult
    private func write(
        _ bytes: ByteBuffer, context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        let log = log
        let connection = connection
        let written = context.writeAndFlush(wrapOutboundOut(bytes))
        written.whenSuccess { log.wrote(bytes.readableBytes, connection: connection) }
        return written
    }

    private func close(context: ChannelHandlerContext) {
        isClosing = true
        exchange = nil
        context.close(promise: nil)
    }

    private func reset(context: ChannelHandlerContext) {
        // With this option close(2) sends RST instead of FIN.
        if let options = context.channel as? any SocketOptionProvider {
            options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        close(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if wait == .writability, context.channel.isWritable {
            wait = .nothing
            advance(context: context)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let exchange, !isClosing {
            log.disconnected(connection: connection, arrival: exchange.request.arrival)
        }
        isClosing = true
        exchange = nil
        waiting = []
        log.closed(connection: connection)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer closes the channel by itself; a request that cannot be parsed gets
        // an answer, unless it stands behind another one.
        if error is HTTPParserError, exchange == nil, !isClosing {
            var framer = ResponseFramer(omitsBody: false)
            let head = framer.head(status: 400, headers: [], framing: .contentLength(0))
            write(head, context: context)
            close(context: context)
            return
        }
        context.close(promise: nil)
    }
}
