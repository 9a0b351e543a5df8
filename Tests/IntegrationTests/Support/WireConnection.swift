import Foundation
import NIOCore
import NIOPosix

/// A client's connection that a test drives byte by byte.
struct WireConnection {
    /// How a connection came to its end.
    enum Ending: Equatable {
        case closed
        case reset
    }

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// What was read so far, as text.
    private(set) var text = ""

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects, and closes when `body` ends.
    ///
    /// - Parameters:
    ///   - opening: Sent as soon as the connection stands, however busy the tests' threads are: a
    ///     client that is to speak in time cannot wait for one of them.
    ///   - receiveBuffer: Bytes of the kernel's; nil for as many as it likes.
    static func with<R: Sendable>(
        port: Int, opening: String = "", receiveBuffer: CInt? = nil,
        _ body: (inout WireConnection) async throws -> R
    ) async throws -> R {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(
                .socketOption(.so_rcvbuf), value: SocketOptionValue(receiveBuffer))
        }
        let channel =
            try await bootstrap
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if !opening.isEmpty {
                        try channel.pipeline.syncOperations.addHandler(OpeningWriter(opening))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = WireConnection(inbound: inbound, outbound: outbound)
            return try await body(&connection)
        }
    }

    /// Sends text as it is.
    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Closes the sending side: the peer sees the end of what it reads, and can still answer.
    func finishSending() {
        outbound.finish()
    }

    /// Reads until `part` stands in the text, or the connection ends.
    mutating func read(through part: String) async throws {
        while !text.contains(part), let bytes = try await inbound.next() {
            text += String(buffer: bytes)
        }
    }

    /// Reads to the end of the connection.
    @discardableResult
    mutating func readToEnd() async -> Ending {
        do {
            while let bytes = try await inbound.next() {
                text += String(buffer: bytes)
            }
            return .closed
        } catch {
            return .reset
        }
    }

    /// What the connection has brought, as responses one after the other.
    var responses: [WireResponse] { WireResponse.all(in: text) }

    /// Sends something, and reads all that comes until the peer closes.
    static func exchange(_ text: String, port: Int) async throws -> [WireResponse] {
        try await with(port: port, opening: text) { connection in
            await connection.readToEnd()
            return connection.responses
        }
    }
}

/// Writes a connection's first bytes on its event loop. That they fail is for the reader to see:
/// a peer that has read enough to refuse may have closed.
private final class OpeningWriter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let opening: ByteBuffer

    init(_ opening: String) {
        self.opening = ByteBuffer(string: opening)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(opening), promise: nil)
        context.fireChannelActive()
    }
}

/// An HTTP/1.1 response as it stood on the wire, its body framed by a length or by chunks.
struct WireResponse: Equatable {
    /// The status code.
    var status: Int
    /// The lines of the head below the status line.
    var fields: [Substring]
    /// The body as framed.
    var body: String

    /// The value of a field, by its name in lower case.
    func field(_ name: String) -> Substring? {
        fields.first { $0.lowercased().hasPrefix("\(name):") }?.dropFirst(name.count + 1)
            .drop { $0 == " " }
    }

    /// Splits a connection's bytes; what is not a whole response at the end is left out.
    static func all(in text: String) -> [WireResponse] {
        var rest = Substring(text.replacing("\r\n", with: "\n"))
        var responses: [WireResponse] = []
        while let headEnd = rest.range(of: "\n\n") {
            let lines = rest[..<headEnd.lowerBound].split(separator: "\n")
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            guard let status else { break }
            var response = WireResponse(
                status: status, fields: Array(lines.dropFirst()), body: "")
            rest = rest[headEnd.upperBound...]
            if let length = response.field("content-length").flatMap({ Int($0) }) {
                guard rest.utf8.count >= length else { break }
                let end = rest.utf8.index(rest.startIndex, offsetBy: length)
                response.body = String(rest[..<end])
                rest = rest[end...]
            }
            responses.append(response)
        }
        return responses
    }
}

extension WireConnection {
    /// The bytes of a request for a chat completion.
    ///
    /// - Parameter fields: Lines of the head, each with its line end.
    static func chatRequest(_ question: String, fields: String = "") -> String {
        let body = Chat.request(question)
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: reprise\r\n"
            + "Content-Type: application/json\r\n\(fields)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
