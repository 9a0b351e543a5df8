import NIOCore

/// Sends a request's body as it comes, as fast as the upstream takes it.
final class RequestUpload: Sendable {
    private let cancellation = Cancellation()
    /// Succeeds when the head of the request has been sent.
    private let begun: EventLoopPromise<Void>
    private let stream: RequestBodyStream
    private let length: Int64?
    private let exchange: NIOLoopBound<UpstreamExchange>
    private let eventLoop: any EventLoop

    /// Makes an upload that has not begun; to be called on the exchange's event loop.
    init(
        _ upload: SerializedRequest.Upload, through exchange: UpstreamExchange,
        on eventLoop: any EventLoop
    ) {
        stream = upload.stream
        length = upload.length
        self.exchange = NIOLoopBound(exchange, eventLoop: eventLoop)
        self.eventLoop = eventLoop
        begun = eventLoop.makePromise()
    }

    /// The head of the request has been sent: the body is read from now on.
    func begin() { begun.succeed() }

    /// Ends the upload: the response is over, or there will be none.
    func cancel() {
        cancellation.cancel()
        begun.fail(CancellationError())
    }

    /// Reads the body and sends it.
    func run() async {
        await cancellation.whileCancellable {
            do throws(UpstreamError) {
                guard await isBegun() else { return }
                try await send(stream)
            } catch {
                eventLoop.execute { [exchange] in exchange.value.fail(error) }
            }
        }
    }

    private func isBegun() async -> Bool {
        do {
            try await begun.futureResult.get()
            return true
        } catch {
            return false
        }
    }

    /// Opens the existential.
    private func send(
        _ stream: some AsyncSequence<ByteBuffer, any Error>
    ) async throws(UpstreamError) {
        var left = length ?? 0
        var pieces = stream.makeAsyncIterator()
        if left == 0, length != nil { end() }
        while let piece = try await next(&pieces) {
            let count = piece.readableBytes
            if count == 0 { continue }
            if length == nil {
                var size = ByteBuffer()
                size.writeString(String(count, radix: 16) + "\r\n")
                guard await write([size, piece, ByteBuffer(string: "\r\n")]) else { return }
            } else {
                left -= Int64(count)
                if left < 0 { break }
                guard await write([piece]) else { return }
                if left == 0 { end() }
            }
        }
        if left != 0 { throw .unsendable("the body is not as long as its Content-Length says") }
        if length == nil, await write([ByteBuffer(string: "0\r\n\r\n")]) { end() }
    }

    private func next<Pieces: AsyncIteratorProtocol<ByteBuffer, any Error>>(
        _ pieces: inout Pieces
    ) async throws(UpstreamError) -> ByteBuffer? {
        do {
            return try await pieces.next()
        } catch {
            throw .unsendable("its body ended before it was complete")
        }
    }

    /// - Returns: false when the connection is gone, which its exchange knows itself.
    private func write(_ pieces: [ByteBuffer]) async -> Bool {
        do {
            try await eventLoop.flatSubmit { [exchange] in exchange.value.write(pieces) }.get()
            return !Task.isCancelled
        } catch {
            return false
        }
    }

    private func end() {
        eventLoop.execute { [exchange] in exchange.value.endRequest() }
    }
}
