/// Makes a connection secure: TLS as a client over a stream that leads to the server.
///
/// - Parameters:
///   - stream: The stream, which the upgrade owns from now on: it closes it when it fails or is
///     cancelled.
///   - host: The name or address that the server's certificate must be for.
///   - deadline: When the handshake must be done.
///   - completion: Called once in a later turn, unless the attempt is cancelled.
public typealias SecureUpgrade = (
    _ stream: any ByteStream, _ host: String, _ deadline: MonotonicTime,
    _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
) -> any LoopAttempt
