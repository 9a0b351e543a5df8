import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import RepriseServer

/// Hits that are written to the socket itself.
struct HitSocketTests {
    /// A channel over one end of a pair of sockets, and the other end for the test.
    private struct Pair {
        let channel: any Channel
        let peer: FileHandle

        init() async throws {
            var descriptors: [CInt] = [-1, -1]
            #if canImport(Glibc)
                let stream = CInt(SOCK_STREAM.rawValue)
            #else
                let stream = SOCK_STREAM
            #endif
            try #require(socketpair(AF_UNIX, stream, 0, &descriptors) == 0)
            peer = FileHandle(fileDescriptor: descriptors[1], closeOnDealloc: true)
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .withConnectedSocket(descriptors[0]).get()
        }

        /// Runs something on the channel's loop.
        func run<R: Sendable>(
            _ body: @escaping @Sendable (inout HitSocket, any Channel) throws -> R
        ) async throws -> R {
            let channel = channel
            return try await channel.eventLoop.submit {
                var socket = try #require(HitSocket(channel))
                return try body(&socket, channel)
            }.get()
        }

        /// What the other end gets until the channel is closed.
        func received() async throws -> Data {
            let peer = peer
            async let data = Task.detached { try peer.readToEnd() ?? Data() }.value
            return try await data
        }
    }

    @Test func whatFitsIsWrittenAtOnce() async throws {
        let pair = try await Pair()
        let isWritten = try await pair.run { socket, channel in
            var buffer = ByteBuffer(string: "hit")
            return socket.write(&buffer) && buffer.readableBytes == 0
        }
        #expect(isWritten)
        try await pair.channel.close()
        #expect(try await pair.received() == Data("hit".utf8))
    }

    @Test func whatIsQueuedGoesFirst() async throws {
        let pair = try await Pair()
        try await pair.run { socket, channel in
            var hit = ByteBuffer(string: "hit")
            channel.write(ByteBuffer(string: "queued,"), promise: nil)
            socket.channelWritten()
            let isEarly = socket.write(&hit)
            #expect(!isEarly)
            #expect(String(buffer: hit) == "hit")
            channel.flush()
            let isInTurn = socket.write(&hit)
            #expect(isInTurn)
        }
        try await pair.channel.close()
        #expect(try await pair.received() == Data("queued,hit".utf8))
    }

    @Test func theRestIsForTheChannel() async throws {
        let pair = try await Pair()
        let whole = Data((0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 / 251) })
        let left = try await pair.run { socket, channel in
            var buffer = ByteBuffer(bytes: whole)
            let isWhole = socket.write(&buffer)
            #expect(!isWhole)
            socket.channelWritten()
            var next = ByteBuffer(string: "next")
            let left = buffer.readableBytes
            channel.write(buffer, promise: nil)
            channel.flush()
            let isInFront = socket.write(&next)
            #expect(!isInFront, "a hit in front of what the socket has not taken yet")
            channel.writeAndFlush(next).whenComplete { _ in channel.close(promise: nil) }
            return left
        }
        #expect(left > 0 && left < whole.count)
        #expect(try await pair.received() == whole + Data("next".utf8))
    }

    @Test func aFullSocketTakesNothing() async throws {
        let pair = try await Pair()
        try await pair.run { socket, _ in
            var buffer = ByteBuffer(repeating: 0, count: 8 << 20)
            let isWhole = socket.write(&buffer)
            #expect(!isWhole)
            let left = buffer.readableBytes
            let isMore = socket.write(&buffer)
            #expect(!isMore)
            #expect(buffer.readableBytes == left)
        }
        try await pair.channel.close()
    }

    @Test func aClosedChannelTakesNothing() async throws {
        let pair = try await Pair()
        try await pair.run { socket, channel in
            channel.close(promise: nil)
            var buffer = ByteBuffer(string: "hit")
            let isWritten = socket.write(&buffer)
            #expect(!isWritten)
            #expect(buffer.readableBytes == 3)
        }
        #expect(try await pair.received().isEmpty)
    }

    @Test func aPeerThatIsGoneIsForTheChannelToFind() async throws {
        let pair = try await Pair()
        try await pair.run { [peer = pair.peer] socket, _ in
            try peer.close()
            var buffer = ByteBuffer(string: "hit")
            let isWritten = socket.write(&buffer)
            #expect(!isWritten)
            #expect(buffer.readableBytes == 3)
        }
        try? await pair.channel.close()
    }
}
