/// Who serves the requests of an ``HTTP2ServerSession``. On the connection's loop.
public protocol HTTP2SessionHandler: AnyObject {
    /// The head of a request is here, perhaps with all the rest. The stream is to be given a handler,
    /// or a response, in this call.
    func requestBegan(_ stream: HTTP2Stream)

    /// The connection is closed, and all its streams have heard of it; nothing is called after this.
    func sessionClosed(_ reason: StreamCloseReason)
}

/// Who hears what becomes of one request. On the connection's loop.
public protocol HTTP2StreamHandler: AnyObject {
    /// The next bytes of the request's body, once they are wanted; valid during the call only.
    func bodyReceived(_ bytes: Span<UInt8>)

    /// The request is whole. Comes behind all bytes of its body.
    func requestEnded()

    /// The client has taken what was sent: ``HTTP2Stream/unsentByteCount`` fell to at most
    /// ``ByteStreamLimits/lowWaterMark`` after having been above it.
    func responseDrained()

    /// The stream is over: its response was sent, or it was reset, or the connection has ended.
    /// Nothing is called after this.
    func streamClosed()
}
