import NIOCore
import NIOPosix

/// A client that sends and sees plain bytes, so that a test can say what stands on the wire.
struct RawClient {
    /// How a connection came to its end.
    enum Ending: Equatable {
        case closed
        case reset
    }

    /// A connection that a test drives step by step.
    struct Connection {
        private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        /// What was read so far, as text.
        private(set) var text = ""

        init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.inbound = inbound.makeAsyncIterator()
            self.outbound = outbound
        }

        func send(_ text: String) async throws {
            try await outbound.write(ByteBuffer(string: text))
        }

        /// Reads until the text ends so, or the connection ends.
        mutating func read(through suffix: String) async throws {
            while !text.hasSuffix(suffix), let bytes = try await inbound.next() {
                text += String(buffer: bytes)
            }
        }

        /// Reads to the end of the connection.
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

        /// Reads to the end of the connection, and counts only.
        mutating func countToEnd() async throws -> Int {
            var count = 0
            while let bytes = try await inbound.next() {
                count += bytes.readableBytes
            }
            return count
        }
    }

    /// Connects, and closes when `body` ends.
    static func connect<R: Sendable>(
        to port: Int,
        _ body: (inout Connection) async throws -> R
    ) async throws -> R {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = Connection(inbound: inbound, outbound: outbound)
            return try await body(&connection)
        }
    }

    /// Sends a request that asks for the connection to be closed, and reads all there is.
    static func exchange(
        with port: Int, _ method: String = "GET", _ target: String = "/", body: String = ""
    ) async throws -> (text: String, ending: Ending) {
        try await connect(to: port) { connection in
            try await connection.send(
                request(method, target, headers: "Connection: close\r\n", body: body))
            let ending = await connection.readToEnd()
            return (connection.text, ending)
        }
    }

    /// The bytes of a request.
    static func request(
        _ method: String = "GET", _ target: String = "/", headers: String = "", body: String = ""
    ) -> String {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return "\(method) \(target) HTTP/1.1\r\nHost: simulator\r\n\(headers)\(length)\r\n\(body)"
    }
}
