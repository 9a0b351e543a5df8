import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What the full path's parser makes of a connection's bytes: the decoder and the codec that
/// `HTTP1Channel` sets up, with this proxy's limits.
struct FullParse {
    /// A request as the responder gets it.
    struct Request {
        /// The head as the decoder gives it.
        var decoded: HTTPRequestHead
        /// The head as the responder gets it.
        var head: HTTPRequest
        /// The body.
        var body: [UInt8] = []
        /// Whether the end has come.
        var isWhole = false
        /// Whether it had trailers.
        var hasTrailers = false
    }

    /// The requests, in order.
    private(set) var requests: [Request] = []
    /// The first error.
    private(set) var error: (any Error)?

    /// Parses pieces as they come from a connection.
    init(_ pieces: [[UInt8]]) {
        let channel = EmbeddedChannel()
        let recorder = PartRecorder()
        do {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 64 << 10
            limits.maxHeaderListSize = 64 << 10
            limits.maxHeaderFieldCount = 256
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false,
                withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: limits)
            try pipeline.addHandler(DecodedHeadRecorder(recorder))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(recorder)
            for piece in pieces { try channel.writeInbound(ByteBuffer(bytes: piece)) }
            _ = try channel.finish(acceptAlreadyClosed: true)
        } catch {
            self.error = error
        }
        self.error = recorder.error ?? self.error
        requests = recorder.requests
    }

    /// Keeps the decoder's heads.
    private final class DecodedHeadRecorder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias InboundOut = HTTPServerRequestPart

        private let recorder: PartRecorder

        init(_ recorder: PartRecorder) {
            self.recorder = recorder
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .head(let head) = unwrapInboundIn(data) { recorder.decoded = head }
            context.fireChannelRead(data)
        }
    }

    /// Keeps what reaches the end of the pipeline.
    private final class PartRecorder: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart

        var decoded: HTTPRequestHead?
        var requests: [Request] = []
        var error: (any Error)?

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let last = requests.count - 1
            switch unwrapInboundIn(data) {
            case .head(let head):
                guard let decoded else { return }
                requests.append(Request(decoded: decoded, head: head))
            case .body(let body):
                requests[last].body += body.readableBytesView
            case .end(let trailers):
                requests[last].isWhole = true
                requests[last].hasTrailers = trailers != nil
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.error = self.error ?? error
        }
    }
}
