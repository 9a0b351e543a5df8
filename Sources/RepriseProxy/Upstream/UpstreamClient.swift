import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import RepriseCore

/// Sends requests whose bodies are still coming, in the task that reads them; ``UpstreamCall`` sends
/// all others. No redirects are followed, nothing is retried or decompressed, certificates are
/// verified.
struct UpstreamClient: Sendable {
    let client: HTTPClient

    /// The upstream's answer: its head at once, its body as it comes.
    struct Response: Sendable {
        var head: ResponseHead
        var body: HTTPClientResponse.Body
    }

    /// Sends a request and waits for the head of its response.
    func send(_ request: UpstreamRequest) async throws(UpstreamError) -> Response {
        var message = HTTPClientRequest(url: request.url)
        message.method = HTTPMethod(rawValue: request.method)
        message.headers = HTTPHeaders(request.headers)
        switch request.body {
        case .none: break
        case .bytes(let bytes): message.body = .bytes(bytes)
        case .stream(let stream, let length):
            message.body = Self.body(stream, length: length.map { .known($0) } ?? .unknown)
        }
        do {
            // No overall deadline: a model may think for minutes. The idle timeouts bound it.
            let response = try await client.execute(message, deadline: .distantFuture)
            return Response(
                head: ResponseHead(status: response.status, headers: response.headers),
                body: response.body)
        } catch {
            throw UpstreamError(error)
        }
    }

    /// Opens the existential: the client's stream initialiser is generic.
    private static func body(
        _ stream: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        length: HTTPClientRequest.Body.Length
    ) -> HTTPClientRequest.Body {
        .stream(stream, length: length)
    }
}

extension UpstreamError {
    /// Sorts what the HTTP client throws.
    init(_ error: any Error) {
        switch error {
        case let error as HTTPClientError:
            self.init(error)
        case is ChannelError, is HTTPParserError:
            self = .connectionLost
        case let error as NIOConnectionError:
            let reasons =
                error.connectionErrors.map { Self.text($0.error) }
                + [error.dnsAError, error.dnsAAAAError].compactMap { $0 }.map { Self.text($0) }
            self = .unreachable(
                "\(error.host):\(error.port): \(reasons.first ?? "no address found")")
        default:
            self = .unreachable(Self.text(error))
        }
    }

    private static func text(_ error: any Error) -> String {
        (error as? IOError)?.systemText ?? String(describing: error)
    }

    private init(_ error: HTTPClientError) {
        let timeouts: [HTTPClientError] = [
            .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout,
        ]
        let losses: [HTTPClientError] = [
            .remoteConnectionClosed, .cancelled, .requestStreamCancelled, .uncleanShutdown,
        ]
        if timeouts.contains(error) {
            self = .timedOut
        } else if losses.contains(error) {
            self = .connectionLost
        } else if error == .bodyLengthMismatch {
            self = .unsendable("the body is not as long as its Content-Length says")
        } else if error.shortDescription.hasPrefix("Invalid") {
            self = .unsendable(error.shortDescription)
        } else {
            self = .unreachable(error.shortDescription)
        }
    }
}
