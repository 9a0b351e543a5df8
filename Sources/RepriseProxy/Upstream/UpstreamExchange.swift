import NIOCore
import RepriseCore

/// What takes the response of an exchange, on its event loop.
protocol UpstreamResponseReceiver: AnyObject {
    /// Takes the head.
    ///
    /// - Parameter isFramed: Whether the framing tells where the body ends.
    func receive(_ head: ResponseHead, isFramed: Bool)

    /// Takes the next piece of the body.
    ///
    /// - Returns: Whether there is room for more; if not, ``UpstreamExchange/resume()`` is awaited.
    func receive(_ piece: ByteBuffer) -> Bool

    /// Takes the end, once.
    ///
    /// - Parameter error: Why the response is not whole; nil when it is.
    func end(_ error: UpstreamError?)
}

/// One request and its response, from the search for a connection to the end.
///
/// Bound to its event loop.
final class UpstreamExchange {
    private enum State {
        /// A connection is being made, for the time allowed.
        case connecting(SerializedRequest, timeout: Scheduled<Void>?, UpstreamConnection?)
        case sending(UpstreamConnection)
        case over
    }

    private var state: State
    private let pool: UpstreamPool
    private let receiver: any UpstreamResponseReceiver
    private var upload: RequestUpload?

    /// Makes an exchange that has not begun.
    init(
        _ request: SerializedRequest, by pool: UpstreamPool,
        to receiver: any UpstreamResponseReceiver
    ) {
        state = .connecting(request, timeout: nil, nil)
        self.pool = pool
        self.receiver = receiver
    }

    /// Whether it has ended.
    var isOver: Bool { if case .over = state { true } else { false } }

    // MARK: Beginning

    /// Starts the task that is to send the request's body.
    ///
    /// - Returns: false when there is nobody to run it.
    func launch(_ body: SerializedRequest.Upload) -> Bool {
        let upload = RequestUpload(body, through: self, on: pool.eventLoop)
        self.upload = upload
        return pool.launch { await upload.run() }
    }

    /// Makes a connection and sends the request on it.
    func connect(to upstream: Int, _ origin: UpstreamOrigin, by dialer: UpstreamDialer) {
        guard case .connecting(let request, _, _) = state else { return }
        let timeout = pool.eventLoop.assumeIsolated().scheduleTask(in: dialer.connectTimeout) {
            self.fail(.timedOut)
        }
        state = .connecting(request, timeout: timeout, nil)
        dialer.open(origin, upstream, for: pool).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.opened(channel, to: origin)
            case .failure(let error): self.fail(UpstreamError(connecting: error, to: origin))
            }
        }
    }

    private func opened(_ channel: any Channel, to origin: UpstreamOrigin) {
        let connection = try? channel.pipeline.syncOperations.handler(
            type: UpstreamConnection.self)
        guard case .connecting(let request, let timeout, _) = state, let connection else {
            channel.close(promise: nil)
            return fail(.connectionLost)
        }
        state = .connecting(request, timeout: timeout, connection)
        connection.whenReady { result in
            switch result {
            case .success: self.begin(on: connection)
            case .failure(let error): self.fail(UpstreamError(connecting: error, to: origin))
            }
        }
    }

    /// Sends the request on a connection that is free.
    func begin(on connection: UpstreamConnection) {
        guard case .connecting(let request, let timeout, _) = state else { return }
        timeout?.cancel()
        state = .sending(connection)
        connection.begin(request, for: self)
        if !isOver { upload?.begin() }
    }

    // MARK: The request's body

    /// Sends bytes of the request's body, framed already.
    ///
    /// - Returns: Succeeds when the kernel has them.
    func write(_ pieces: [ByteBuffer]) -> EventLoopFuture<Void> {
        guard case .sending(let connection) = state else {
            return pool.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        return connection.write(pieces)
    }

    /// The request's body has been sent.
    func endRequest() {
        if case .sending(let connection) = state { connection.endRequest() }
    }

    // MARK: The response

    /// Passes the head on.
    func receive(_ head: ResponseHead, isFramed: Bool) {
        receiver.receive(head, isFramed: isFramed)
    }

    /// Passes a piece of the body on.
    ///
    /// - Returns: Whether there is room for more.
    func receive(_ piece: ByteBuffer) -> Bool { receiver.receive(piece) }

    /// Reads on, after the receiver had no room.
    func resume() {
        if case .sending(let connection) = state { connection.resume() }
    }

    /// The response is over, and its connection is another's.
    func finish() { end(nil) }

    /// Gives the exchange up, and closes its connection.
    func fail(_ error: UpstreamError) { end(error) }

    private func end(_ error: UpstreamError?) {
        let before = state
        // First of all: closing a connection may come back here.
        state = .over
        switch before {
        case .connecting(_, let timeout, let connection):
            timeout?.cancel()
            connection?.close()
        case .sending(let connection): if error != nil { connection.close() }
        case .over: return
        }
        upload?.cancel()
        upload = nil
        receiver.end(error)
    }
}
