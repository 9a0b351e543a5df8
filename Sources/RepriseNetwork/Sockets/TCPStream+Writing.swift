internal import CLibuv

extension TCPStream {
    /// The most bytes that libuv is given to hold. They are copied; the rest waits where it is, so
    /// no pointer into an array outlives a call. 4 KiB are enough to learn when the socket takes
    /// bytes again.
    private static let heldWriteLimit = 4 << 10

    func write(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty, let queue = queueForWriting() else { return }
        queue.append(bytes)
        wrote()
    }

    func write(keeping bytes: [UInt8]) {
        guard !bytes.isEmpty, let queue = queueForWriting() else { return }
        queue.append(keeping: bytes)
        wrote()
    }

    private func queueForWriting() -> OutputQueue? {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        guard phase == .open, flags.isDisjoint(with: [.finishing, .writeFailed]) else { return nil }
        if let output { return output }
        let queue = eventLoop.takeQueue()
        output = queue
        return queue
    }

    private func wrote() {
        if unsentByteCount > ByteStreamLimits.lowWaterMark { flags.insert(.aboveMark) }
        touch()
    }

    /// How many bytes of the write that libuv holds the socket has not taken.
    private var heldByteCount: Int {
        flags.contains(.writing) && phase < .closing
            ? Int(uv_stream_get_write_queue_size(rawStream)) : 0
    }

    var unsentByteCount: Int { (output?.count ?? 0) + heldByteCount }

    var sentByteCount: Int64 {
        flags.contains(.writing) && phase < .closing
            ? taken + Int64(writingCount - heldByteCount) : taken
    }

    func finishWriting() {
        assert(eventLoop.isCurrent, "a stream is used on its loop's thread")
        guard phase == .open else { return }
        flags.insert(.finishing)
        touch()
    }

    /// Gives the socket what it takes; what it does not take waits for libuv to say that it takes
    /// bytes again.
    func sendOutput() {
        guard !flags.contains(.writing), let output else { return }
        let list = eventLoop.gatherList
        while output.count > 0 {
            var offered = 0
            let result = output.withGatheredBytes(in: list) { buffers, bytes in
                offered = bytes
                return uv_try_write(rawStream, list, UInt32(buffers))
            }
            if result < 0, result != UV_EAGAIN.rawValue { return writingFailed(result) }
            if result > 0 {
                taken += Int64(result)
                output.removeFirst(Int(result))
            }
            if result < offered {
                holdWrite(from: output)
                break
            }
        }
        noteProgress()
    }

    /// Gives libuv the first bytes to send when the socket takes them.
    private func holdWrite(from queue: OutputQueue) {
        let count = min(queue.count, Self.heldWriteLimit)
        let header = MemoryLayout<uv_write_t>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: header + count, alignment: 16)
        queue.copyFirst(
            count, to: UnsafeMutableRawBufferPointer(start: memory + header, count: count))
        let request = memory.bindMemory(to: uv_write_t.self, capacity: 1)
        request.pointee.data = handle.pointee.data
        var buffer = uv_buf_t(
            base: (memory + header).assumingMemoryBound(to: CChar.self), len: count)
        let status = uv_write(request, rawStream, &buffer, 1, writtenCallback)
        guard status == 0 else {
            memory.deallocate()
            return writingFailed(status)
        }
        queue.removeFirst(count)
        writingCount = count
        flags.insert(.writing)
    }

    /// Takes the result of the write that libuv held.
    fileprivate func didWrite(_ status: Int32) {
        guard phase < .closing else {
            flags.remove(.writing)
            return
        }
        if status < 0 {
            taken += Int64(writingCount - heldByteCount)
            flags.remove(.writing)
            writingFailed(status)
        } else {
            flags.remove(.writing)
            taken += Int64(writingCount)
            touch()
        }
        writingCount = 0
    }

    /// Gives an empty queue back, and sees to it that the receiver hears that the peer takes bytes.
    private func noteProgress() {
        if let queue = output, queue.count == 0 {
            output = nil
            eventLoop.keepQueue(queue)
        }
        if flags.contains(.aboveMark), phase == .open,
            unsentByteCount <= ByteStreamLimits.lowWaterMark
        {
            wantAttention()
        }
    }

    /// Lets go of bytes that will not be sent.
    func dropOutput() {
        guard let queue = output else { return }
        queue.removeAll()
        output = nil
    }
}

private func writtenCallback(_ request: UnsafeMutablePointer<uv_write_t>?, _ status: Int32) {
    guard let request else { return }
    let data = request.pointee.data
    UnsafeMutableRawPointer(request).deallocate()
    guard let data else { return }
    // The handle holds its stream until after this: libuv ends all writes before it closes.
    let stream = Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue()
    stream.eventLoop.turn { stream.didWrite(status) }
}
