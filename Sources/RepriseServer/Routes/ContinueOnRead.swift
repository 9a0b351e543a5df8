import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// A request body that sends `100 Continue` when it is first read (RFC 9110 §10.1.1): a client that
/// expects it sends nothing before, and need not send what is refused by its head.
struct ContinueOnRead: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let body: RequestBody
    let channel: any Channel

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        var channel: (any Channel)?

        mutating func next() async throws -> ByteBuffer? {
            if let channel = channel.take() {
                try await channel.writeAndFlush(
                    HTTPResponsePart.head(HTTPResponse(status: .continue)))
            }
            return try await body.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), channel: channel)
    }
}
