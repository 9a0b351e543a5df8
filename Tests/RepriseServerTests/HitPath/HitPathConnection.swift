import Crypto
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import RepriseCore
import RepriseProxy
import RepriseStorage

@testable import RepriseServer

/// A connection with the hit path in front of the full one's handlers, in the order that
/// ``ProxyHTTP1Channel`` puts them, without a socket. The test plays the client and the responder.
final class HitPathConnection {
    /// The channel.
    let channel = EmbeddedChannel()
    /// The connection's own knowledge.
    let client = ClientConnection()
    /// The tier that hits come from.
    let memory: MemoryTier
    private let handedOnTap = ByteTap()
    private let responder = PartTap()

    /// The time of all connections: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static let now: Int64 = 784_111_777_000

    /// Opens a connection.
    ///
    /// - Parameter direct: What looks up the requests whose bytes are not known.
    init(
        memory: MemoryTier = HitPathConnection.emptyTier(), direct: DirectLookup? = nil
    ) throws {
        self.memory = memory
        let requestGuard = RequestGuard(timeouts: .init(head: .seconds(10), idle: .hours(1)))
        let hitPath = HitPathHandler(
            memory: memory, client: client, requestGuard: requestGuard,
            loop: HitPathLoop(clock: Self.clock, hitLog: nil), direct: direct)
        requestGuard.onResponseEnd = { [weak hitPath] in hitPath?.responseEnded() }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 64 << 10
        limits.maxHeaderListSize = 64 << 10
        limits.maxHeaderFieldCount = 256
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(OutputBytes())
        try pipeline.addHandler(hitPath)
        try pipeline.addHandler(handedOnTap)
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false,
            withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(ConnectionPersistence())
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(client)
        try pipeline.addHandler(requestGuard)
        try pipeline.addHandler(responder)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/client")).wait()
    }

    /// A tier without entries.
    static func emptyTier() -> MemoryTier {
        MemoryTier(capacity: 64 << 20, shardCount: 1, clock: clock)
    }

    /// The clock of all connections.
    static var clock: WallClock { WallClock(now: { now }) }

    // MARK: The client

    /// Sends bytes, in one read.
    func send(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// Sends a request, in one read.
    func send(_ text: RequestText) throws {
        try send(text.bytes)
    }

    /// What has been sent to the client, and flushed, since the last time.
    func received() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            bytes += buffer.readableBytesView
        }
        return bytes
    }

    /// The whole responses that the client has got since the last time, after all that was due on
    /// the event loop.
    func responses() throws -> [ResponseParse.Response] {
        channel.embeddedEventLoop.run()
        return try ResponseParse(try received()).responses
    }

    // MARK: The responder

    /// The bytes that have gone on to the full path.
    var handedOn: [UInt8] { handedOnTap.bytes }

    /// The targets of the requests that have reached the responder.
    var targets: [String] { responder.targets }

    /// How many of those have come to their end.
    var wholeRequests: Int { responder.ends }

    /// Answers a request as the responder does.
    func respond(_ body: String, fields: HTTPFields = HTTPFields()) {
        var head = HTTPResponse(status: .ok, headerFields: fields)
        head.headerFields[.contentLength] = String(body.utf8.count)
        channel.write(HTTPResponsePart.head(head), promise: nil)
        channel.write(HTTPResponsePart.body(ByteBuffer(string: body)), promise: nil)
        channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
        channel.embeddedEventLoop.run()
    }

    // MARK: What is stored

    /// The alias that a request's bytes have, worked out apart from the handler.
    func alias(of bytes: [UInt8]) -> RequestAlias? {
        guard let request = FullParse([bytes]).requests.first else { return nil }
        let keyed = KeyedBytesOracle.keyedBytes(of: request.head)
        let body = Array(request.body)
        return memory.alias(head: keyed.span, body: body.span)
    }

    /// Stores a response and has the tier know that a request leads to it.
    @discardableResult
    func learn(_ request: [UInt8], _ response: CachedResponse) -> Bool {
        guard let alias = alias(of: request),
            let key = CacheKey(digest: Array(SHA256.hash(data: request)).span)
        else { return false }
        memory.learn(alias, for: key)
        return memory.insert(response, for: key)
    }

    /// A stored response, 5 s old.
    static func response(
        _ body: String, ttl: Int64? = nil, headers: [(StaticString, StaticString)] = []
    ) -> CachedResponse {
        CachedResponse(
            metadata: EntryMetadata(
                status: 200,
                headers: headers.map { HeaderField(name: .init($0.0), value: .init($0.1)) },
                storedAt: now - 5000, ttl: ttl, bodyLength: Int64(body.utf8.count),
                bodyDigest: Array(SHA256.hash(data: Array(body.utf8))), upstream: .init("http://u"),
                path: .init("/chat/completions"), model: nil, namespace: nil, usage: nil, tags: [],
                credentialScope: Array(repeating: 0, count: 32), chunks: []),
            body: ByteBuffer(string: body))
    }

    // MARK: Handlers

    /// Makes bytes of whatever goes out.
    private final class OutputBytes: ChannelOutboundHandler {
        typealias OutboundIn = IOData
        typealias OutboundOut = ByteBuffer

        func write(
            context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
        ) {
            if case .byteBuffer(let buffer) = unwrapOutboundIn(data) {
                context.write(wrapOutboundOut(buffer), promise: promise)
            }
        }
    }

    /// Keeps the bytes that pass.
    private final class ByteTap: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var bytes: [UInt8] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            context.fireChannelRead(data)
        }
    }

    /// Keeps what the responder is to answer.
    private final class PartTap: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart

        var targets: [String] = []
        var ends = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): targets.append(head.path ?? "")
            case .body: break
            case .end: ends += 1
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            // What cannot be parsed while an answer is owed; there is nothing to be done about it.
        }
    }
}
