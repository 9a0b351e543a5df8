import RepriseNetwork
import RepriseTesting

/// A server that sends back what it gets, holds its peer up when it cannot, and gives up a
/// connection on which nothing has happened for a time.
final class EchoServer: @unchecked Sendable {
    let listener: any Listener

    init(on host: SimulatedNetwork, port: UInt16, limit: Int = 100) throws {
        listener = try host.listen(on: host.address(port: port), limit: limit) { stream in
            stream.receiver = EchoConnection(stream)
        }
    }
}

private final class EchoConnection: ByteStreamReceiver {
    private let stream: any ByteStream
    private var deadline: (any LoopTimer)?

    init(_ stream: any ByteStream) {
        self.stream = stream
        extend()
    }

    private func extend() {
        deadline?.cancel()
        deadline = stream.loop.schedule(after: .seconds(30)) { [weak self] in self?.stream.abort() }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        extend()
        stream.write(bytes)
        if stream.unsentByteCount > ByteStreamLimits.lowWaterMark { stream.pauseReading() }
    }

    func streamDrained() {
        extend()
        stream.resumeReading()
    }

    func streamEnded() { stream.close() }

    func streamClosed(_ reason: StreamCloseReason) { deadline?.cancel() }
}
