import NIOCore
import NIOSSL

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The socket of a connection in the clear, to write a hit to without the channel's queue: to go
/// through the queue costs as much as all else that is done for a hit.
///
/// Used on the connection's event loop only.
struct HitSocket {
    private let channel: any Channel
    // Kept longer than NIO lends it, yet used only while the channel is active: it closes its
    // socket on this loop, and is inactive from then on.
    private let descriptor: NIOBSDSocket.Handle
    /// Whether the channel's queue may hold something that has to be sent before.
    private var mayBeBehind = true

    /// Nil when what is written has still to be encrypted, or when the channel has no socket.
    init?(_ channel: any Channel) {
        let pipeline = channel.pipeline.syncOperations
        guard (try? pipeline.handler(type: NIOSSLServerHandler.self)) == nil,
            let descriptor = try? pipeline.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self, { $0 })
        else { return nil }
        self.channel = channel
        self.descriptor = descriptor
    }

    /// Something was written to the channel.
    mutating func channelWritten() {
        mayBeBehind = true
    }

    /// Writes as much of a buffer as the socket takes now, unless that would be out of turn.
    ///
    /// - Parameter buffer: Loses what was written. The rest is for the channel, an error too: it
    ///   meets the same one.
    /// - Returns: Whether all was written.
    mutating func write(_ buffer: inout ByteBuffer) -> Bool {
        if mayBeBehind {
            let queued = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
            guard queued == 0 else { return false }
            mayBeBehind = false
        }
        guard channel.isActive else { return false }
        let count = buffer.withUnsafeReadableBytes { bytes in
            send(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        if count > 0 { buffer.moveReaderIndex(forwardBy: count) }
        return buffer.readableBytes == 0
    }
}
