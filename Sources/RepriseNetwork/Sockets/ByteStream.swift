/// A connection that carries bytes both ways: TCP, TLS over it, or a simulated wire.
///
/// It belongs to its loop. Back-pressure is part of it in both directions: nothing is delivered
/// while reading is paused, and ``unsentByteCount`` says how much of what was written the peer has
/// not taken.
public protocol ByteStream: AnyObject {
    /// The loop that the stream belongs to.
    var loop: any EventLoop { get }

    /// Who gets the bytes. The stream keeps it until it is closed. Reading begins when it is set.
    var receiver: (any ByteStreamReceiver)? { get set }

    /// This side's address.
    var localAddress: SocketAddress { get }

    /// The peer's address.
    var peerAddress: SocketAddress { get }

    /// The protocol that was agreed on (ALPN, RFC 7301), such as `h2`; nil without TLS or agreement.
    var applicationProtocol: String? { get }

    /// Whether bytes, an end or a failure have arrived that were not delivered yet: then a connection
    /// that should be silent is not to be used again. Asks the system; streams that cannot tell say
    /// no.
    var hasUndeliveredInput: Bool { get }

    /// Delivers nothing until ``resumeReading()``. Deliveries that are under way end first.
    func pauseReading()

    /// Delivers again.
    func resumeReading()

    /// Writes bytes; what the socket does not take at once is copied.
    ///
    /// Bytes leave at the end of the turn, together with others of the same turn. After an end or a
    /// close nothing more is written.
    func write(_ bytes: Span<UInt8>)

    /// Writes bytes; what the socket does not take at once is kept, not copied.
    func write(keeping bytes: [UInt8])

    /// Bytes that were written and that the socket has not taken.
    var unsentByteCount: Int { get }

    /// Bytes that the socket has taken since the beginning: a peer that reads makes it grow.
    var sentByteCount: Int64 { get }

    /// Ends this side's bytes behind those that are written; reading goes on (half-close).
    func finishWriting()

    /// Sends what is written, ends this side, then closes. Nothing is delivered any more but
    /// ``ByteStreamReceiver/streamClosed(_:)``.
    ///
    /// Under TLS this is a clean end (`close_notify`).
    func close()

    /// Sends what is written, then closes without a clean end: over TLS without `close_notify`, over
    /// TCP as ``close()`` does. For a cut that the framing above can tell.
    func closeWithoutEnd()

    /// Closes at once with a reset (RST); what was not sent is lost.
    func abort()
}

extension ByteStream {
    /// Not known.
    public var hasUndeliveredInput: Bool { false }
}

/// Who gets what happens on a ``ByteStream``. Called on the stream's loop.
public protocol ByteStreamReceiver: AnyObject {
    /// Bytes have come. They are valid during the call only.
    func streamReceived(_ bytes: Span<UInt8>)

    /// The peer has taken bytes: ``ByteStream/unsentByteCount`` fell to at most
    /// ``ByteStreamLimits/lowWaterMark`` after having been above it.
    func streamDrained()

    /// The peer has ended its bytes cleanly (FIN, or `close_notify`); this side may still write.
    func streamEnded()

    /// The stream is closed; nothing is called after this. Called also after this side's own
    /// ``ByteStream/close()`` or ``ByteStream/abort()``, in a later turn.
    func streamClosed(_ reason: StreamCloseReason)
}

/// How a stream came to its end.
public enum StreamCloseReason: Equatable, Sendable {
    /// This side closed or aborted it.
    case closedHere
    /// Both sides have ended cleanly.
    case ended
    /// The peer reset the connection, or vanished.
    case reset
    /// Under TLS, the connection ended without `close_notify`: possibly a cut.
    case truncated
    /// TLS failed.
    case tls(TLSFailure)
    /// The system reported another error.
    case system(code: Int32, reason: String)
}

/// The numbers that bound a stream's memory.
public enum ByteStreamLimits {
    /// Bytes not yet taken by the peer below which it is worth producing more.
    public static let lowWaterMark = 64 << 10
}
