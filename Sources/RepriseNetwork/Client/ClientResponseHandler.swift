/// How the end of a whole response is known.
public enum ResponseEnd: Equatable, Sendable {
    /// Its framing tells it.
    case framed
    /// The connection ended cleanly, and nothing else tells where the body ends: nothing proves that
    /// it is whole.
    case connectionClosed
}

/// Who gets what comes of a call. Called on the loop, never within
/// ``HTTPClient/send(_:handler:)``.
///
/// Exactly one of ``responseEnded(_:)`` and ``callFailed(_:)`` is called, and nothing after it;
/// after ``ClientCall/cancel()`` nothing at all.
public protocol ClientResponseHandler: AnyObject {
    /// The final head has come.
    func responseHead(_ head: HTTP1ResponseHead)

    /// The next piece of the body, never empty, has come. It is valid during the call only. A few
    /// more may come after ``ClientCall/pauseReading()``, of bytes that had been read before.
    func responseBody(_ bytes: Span<UInt8>)

    /// The response is whole. An answer that came before the request's body was sent to its end
    /// ends the upload.
    func responseEnded(_ end: ResponseEnd)

    /// There is no whole response.
    func callFailed(_ error: ClientError)

    /// The head of a request with a streamed body has been sent: the body may be written. It is not
    /// called for a body whose length is 0.
    func requestBodyWanted()

    /// The upstream has taken bytes of the body: it is worth writing more.
    func requestBodyDrained()
}

extension ClientResponseHandler {
    /// Does nothing, for requests without a streamed body.
    public func requestBodyWanted() {}

    /// Does nothing, for requests without a streamed body.
    public func requestBodyDrained() {}
}
