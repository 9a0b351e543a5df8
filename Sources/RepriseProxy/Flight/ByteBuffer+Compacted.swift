import NIOCore

extension ByteBuffer {
    /// The same bytes without the much larger buffer that they may be a view into: what is kept
    /// would keep all of that buffer, and the socket could not use it for its next read.
    var compacted: ByteBuffer {
        storageCapacity > 2 * max(readableBytes, 128) ? ByteBuffer(bytes: readableBytesView) : self
    }
}
