import NIOCore
import NIOPosix
import RepriseCore

@testable import RepriseProxy

/// A client on one event loop, with somebody to run its uploads.
struct ClientUnderTest: Sendable {
    /// What an exchange came to.
    struct Result: Sendable {
        var head: ResponseHead?
        var isFramed: Bool?
        var body = ""
        var error: UpstreamError?
    }

    let client: UpstreamClient
    let eventLoop: any EventLoop

    /// Runs `body` with a client for one upstream.
    static func run<R>(
        _ baseURL: String, keepAlive: TimeAmount = .seconds(60),
        configure: (inout ProxyConfiguration) -> Void = { _ in },
        _ body: (ClientUnderTest) async throws -> R
    ) async throws -> R {
        var configuration = ProxyConfiguration(upstreams: [.init(baseURL: baseURL)])
        configure(&configuration)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let (uploads, launches) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let client = UpstreamClient(configuration, on: [eventLoop], keepAlive: keepAlive) {
            if case .enqueued = launches.yield($0) { true } else { false }
        }
        return try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for await upload in uploads { group.addTask { await upload() } }
                }
            }
            defer { launches.finish() }
            let result = try await body(ClientUnderTest(client: client, eventLoop: eventLoop))
            await client.shutDown()
            return result
        }
    }

    /// Sends a request and waits for the end of its response.
    func send(
        _ method: String = "POST", _ path: String = "/", query: String? = nil,
        body: UpstreamRequest.Body = .none
    ) async throws -> Result {
        try await begin(method, path, query: query, body: body).result()
    }

    /// Sends a request.
    ///
    /// - Parameter room: Bytes that are taken before there is no more room.
    func begin(
        _ method: String = "POST", _ path: String = "/", query: String? = nil,
        body: UpstreamRequest.Body = .none, room: Int = .max
    ) async throws -> Call {
        let request = UpstreamRequest(
            upstream: 0, method: Array(method.utf8), path: Array(path.utf8),
            query: query.map { Array($0.utf8) }, headers: .fields([]), body: body)
        return try await eventLoop.submit { [client, eventLoop] in
            let receiver = Receiver(eventLoop, room: room)
            let exchange = client.send(request, to: receiver, on: eventLoop)
            return Call(
                eventLoop: eventLoop, end: receiver.end.futureResult,
                head: receiver.headArrival.futureResult,
                bound: NIOLoopBound((receiver, exchange), eventLoop: eventLoop))
        }.get()
    }

    /// An exchange under way.
    struct Call: Sendable {
        fileprivate let eventLoop: any EventLoop
        fileprivate let end: EventLoopFuture<Result>
        fileprivate let head: EventLoopFuture<Void>
        fileprivate let bound: NIOLoopBound<(Receiver, UpstreamExchange?)>

        /// Waits for the end.
        func result() async throws -> Result { try await end.get() }

        /// Waits for the head of the response.
        func waitForHead() async throws { try await head.get() }

        /// Gives the exchange up.
        func cancel() {
            eventLoop.execute { bound.value.1?.fail(.connectionLost) }
        }

        /// Lets so many more bytes in.
        func makeRoom(_ room: Int) {
            eventLoop.execute {
                bound.value.0.room += room
                bound.value.1?.resume()
            }
        }

        /// Bytes of the body that have come.
        var receivedCount: Int {
            get async throws {
                try await eventLoop.submit { bound.value.0.result.body.utf8.count }.get()
            }
        }
    }

    fileprivate final class Receiver: UpstreamResponseReceiver {
        let end: EventLoopPromise<Result>
        let headArrival: EventLoopPromise<Void>
        var result = Result()
        var room: Int

        init(_ eventLoop: any EventLoop, room: Int) {
            end = eventLoop.makePromise()
            headArrival = eventLoop.makePromise()
            self.room = room
        }

        func receive(_ head: ResponseHead, isFramed: Bool) {
            result.head = head
            result.isFramed = isFramed
            headArrival.succeed()
        }

        func receive(_ piece: ByteBuffer) -> Bool {
            result.body += String(buffer: piece)
            room -= piece.readableBytes
            return room > 0
        }

        func end(_ error: UpstreamError?) {
            result.error = error
            headArrival.fail(ChannelError.eof)
            end.succeed(result)
        }
    }
}
