public import RepriseCore

/// The side of a request that faces its client: what an adapter (HTTP/1.1, HTTP/2) does for an
/// ``ExchangeDriver``. On the loop of the connection.
///
/// A response is either one ``respond(_:body:)``, or a ``begin(_:)``, any number of
/// ``send(_:)``, and a ``finish()`` or ``cut()``.
public protocol ExchangeClient: AnyObject {
    /// The body of the request is wanted: a 100 is sent if the client waits for one
    /// (RFC 9110 §10.1.1), and its bytes are delivered.
    func wantBody()

    /// Delivers no more of the request's body for now.
    func pauseBody()

    /// Delivers the request's body again.
    func resumeBody()

    /// Sends a whole response.
    func respond(_ head: ResponseHead, body: [UInt8])

    /// Begins a response whose body comes piece by piece.
    func begin(_ head: ResponseHead)

    /// Sends the next bytes of the body.
    func send(_ bytes: Span<UInt8>)

    /// Ends the body: it is whole.
    func finish()

    /// Ends the response before its body is whole, in the way that the client can see.
    func cut()

    /// Bytes that the client has not taken yet.
    var unsentByteCount: Int { get }
}
